package models

import "slices"

// Days are the days off that rows name, by "2006-01-02". Those of the configuration
// come beside them.
type Days struct {
	Holidays map[string]string      // on which the vendor rests, with their names
	Own      map[ID]map[string]bool // of partners: true = closed, false = works although others rest
}

// Days answers the vendor's days off and these partners' own, in one look: a day that
// staff add or remove counts from the next look on, in every process.
func (t *Tx) Days(partners ...ID) (Days, error) {
	if len(partners) == 0 {
		return t.days("WHERE 1 = 0")
	}
	return t.days("WHERE partner_id IN ?", partners)
}

func (t *Tx) days(whose string, args ...any) (Days, error) {
	type row struct {
		PartnerID ID
		Day       string
		Closed    bool
		Name      *string // of the vendor's alone
	}
	out := Days{Holidays: map[string]string{}, Own: map[ID]map[string]bool{}}
	rows, err := all[row](t.db, "SELECT NULL AS partner_id, day, 1 AS closed, name FROM holidays UNION ALL SELECT partner_id, day, closed, NULL AS name FROM partner_days "+whose, args...)
	for _, r := range rows {
		switch {
		case r.Name != nil:
			out.Holidays[r.Day] = *r.Name
		case out.Own[r.PartnerID] == nil:
			out.Own[r.PartnerID] = map[string]bool{r.Day: r.Closed}
		default:
			out.Own[r.PartnerID][r.Day] = r.Closed
		}
	}
	return out, err
}

// DaysOf answers a partner's own days, YYYY-MM-DD, in order: on which they are
// closed although others work, and on which they work although others rest.
func (t *Tx) DaysOf(partner ID) (closed, works []string, err error) {
	days, err := t.Days(partner)
	for day, shut := range days.Own[partner] {
		if shut {
			closed = append(closed, day)
		} else {
			works = append(works, day)
		}
	}
	slices.Sort(closed)
	slices.Sort(works)
	return closed, works, err
}

// SetDays puts these days in the place of a partner's own days. A day must not be
// in both lists.
func (t *Tx) SetDays(partner ID, closed, works []string) error {
	if err := t.db.Exec("DELETE FROM partner_days WHERE partner_id = ?", partner).Error; err != nil {
		return err
	}
	for _, list := range []struct {
		days   []string
		closed bool
	}{{closed, true}, {works, false}} {
		for _, day := range list.days {
			if err := t.db.Exec("INSERT INTO partner_days (partner_id,day,closed) VALUES (?,?,?)", partner, day, truth(list.closed)).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// PartnerDay is one own day of a partner.
type PartnerDay struct {
	Key, Name string // of the partner
	Day       string
	Closed    bool
}

// PartnerDaysIn answers the own days of partners from a day to another, both
// included, by day and name. Staff scope.
func (t *Tx) PartnerDaysIn(from, to string, limit, offset int) ([]PartnerDay, error) {
	return all[PartnerDay](t.db, "SELECT p.`key`, p.name, d.day, d.closed FROM partner_days d JOIN partners p ON p.id = d.partner_id WHERE d.day BETWEEN ? AND ? ORDER BY d.day, p.name, p.`key` LIMIT ? OFFSET ?", from, to, limit, offset)
}

// PutHoliday makes a day, YYYY-MM-DD, one on which the vendor rests, or names it anew.
func (t *Tx) PutHoliday(day, name string) error {
	if err := t.DropHoliday(day); err != nil {
		return err
	}
	return t.db.Exec("INSERT INTO holidays (day,name) VALUES (?,?)", day, name).Error
}

// DropHoliday takes a day off back. Taking back what is none changes nothing.
func (t *Tx) DropHoliday(day string) error {
	return t.db.Exec("DELETE FROM holidays WHERE day = ?", day).Error
}
