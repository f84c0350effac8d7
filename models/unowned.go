package models

// NoOwner is a partner that nobody at work looks after.
type NoOwner struct {
	Key   string // of the partner
	Owner string // key of the owner who left; "" if it never had one
}

// PartnersWithoutOwner lists, by key, the partners that have no owner or one
// who left or is no staff any more. Partners of the built-in sample are not
// counted.
func (t *Tx) PartnersWithoutOwner() ([]NoOwner, error) {
	return all[NoOwner](t.db, "SELECT p.`key`, COALESCE(w.`key`, '') AS owner FROM partners p LEFT JOIN people w ON w.id = p.owner_id"+
		" WHERE p.sample = 0 AND (w.id IS NULL OR w.left_at IS NOT NULL OR w.side <> 'staff') ORDER BY p.`key`")
}
