package handlers

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"akari/models"
)

// supporter is what one member of staff did for partners in a week.
type supporter struct {
	department, name string
	models.Support
	took []time.Duration // from a question to its answer, in working time
}

// supporters are those who did anything, by department, the busiest first.
func (w digestWords) supporters() []supporter {
	by := map[models.ID]*supporter{}
	who := func(id models.ID, name, department string) *supporter {
		if by[id] == nil {
			by[id] = &supporter{name: name, department: department}
		}
		return by[id]
	}
	cals := calendars{w.d.h, w.read.days}
	for _, a := range w.read.answered {
		s := who(a.PersonID, a.Name, a.Department)
		s.took = append(s.took, cals.office(a.PartnerID).Between(a.CreatedAt, a.AnsweredAt))
	}
	for id, did := range w.read.support {
		p := w.read.owners[id]
		who(id, p.Name, p.Department).Support = did
	}
	var out []supporter
	for _, s := range by {
		slices.Sort(s.took)
		out = append(out, *s)
	}
	acts := func(s supporter) int64 { return int64(len(s.took)) + s.Sent + s.Recorded }
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.department != b.department {
			return a.department < b.department
		}
		if x, y := acts(a), acts(b); x != y {
			return x > y
		}
		return a.name < b.name
	})
	return out
}

// work tells what each department and person did, and how soon they answered.
func (w digestWords) work() []string {
	var rows []string
	for _, s := range w.supporters() {
		var did []string
		if n := len(s.took); n > 0 {
			did = append(did, w.say("digest.work_answered", "count", n, "hours", fmt.Sprintf("%.1f", s.took[n/2].Hours())))
		}
		if s.Sent > 0 {
			did = append(did, w.say("digest.work_sent", "count", s.Sent))
		}
		if s.Delivered > 0 {
			did = append(did, w.say("digest.work_delivered", "count", s.Delivered))
		}
		if s.Recorded > 0 {
			did = append(did, w.say("digest.work_recorded", "count", s.Recorded))
		}
		department, name := s.department, s.name
		if department == "" {
			department = w.say("digest.no_department")
		}
		if name == "" {
			name = w.say("digest.no_name")
		}
		rows = append(rows, w.say("digest.work", "department", department, "name", name, "did", strings.Join(did, w.say("digest.comma"))))
	}
	return rows
}
