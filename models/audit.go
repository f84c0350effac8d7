package models

import "encoding/json"

// Act is one thing that staff did or were refused.
type Act struct {
	ActorID ID
	Role    string // the role it was done under
	Action  string // noun.verb
	Object  string
	Result  string // done, refused, failed
	Detail  Detail
}

// Audit writes an act to the audit log.
func (t *Tx) Audit(a Act) error {
	detail := "{}"
	if len(a.Detail) > 0 {
		b, err := json.Marshal(a.Detail)
		if err != nil {
			return err
		}
		detail = string(b)
	}
	return t.db.Exec("INSERT INTO audit (id,at,actor_id,role,action,object,result,detail) VALUES (?,?,?,?,?,?,?,?)",
		NewID(), t.now, a.ActorID, a.Role, a.Action, a.Object, a.Result, detail).Error
}
