package models

// NoOwner is a partner or a campaign that nobody at work looks after.
type NoOwner struct {
	Key   string // of the partner; the campaign's number
	Name  string // of the partner; the campaign's title
	Owner string // key of the owner who left; "" if it never had one
}

// PartnersWithoutOwner lists, by key, the partners that have no owner or one
// who left or is no staff any more. Partners of the built-in sample are not
// counted.
func (t *Tx) PartnersWithoutOwner() ([]NoOwner, error) {
	return all[NoOwner](t.db, "SELECT p.`key`, p.name, COALESCE(w.`key`, '') AS owner FROM partners p LEFT JOIN people w ON w.id = p.owner_id"+
		" WHERE p.sample = 0 AND (w.id IS NULL OR "+gone+") ORDER BY p.`key`")
}

// CampaignsWithoutOwner lists, by number, the campaigns that have no owner or one
// who left: what is written in their threads reaches nobody.
func (t *Tx) CampaignsWithoutOwner() ([]NoOwner, error) {
	return all[NoOwner](t.db, t.store.textOf("SELECT %text% AS `key`, c.title AS name, COALESCE(w.`key`, '') AS owner FROM campaigns c LEFT JOIN people w ON w.id = c.owner_id"+
		" WHERE c.deleted_at IS NULL AND (w.id IS NULL OR "+gone+") ORDER BY c.id"))
}
