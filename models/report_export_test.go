package models

// ClassVisitForTest says what a visit is taken for, as the viewer's rules do.
func (t *Tx) ClassVisitForTest(link ID, visit, class string) error {
	r := t.db.Exec("UPDATE visits SET class = ? WHERE link_id = ? AND visit = ?", class, link, visit)
	if r.Error != nil || r.RowsAffected > 0 {
		return r.Error
	}
	if _, err := first[int](t.db, "SELECT 1 FROM visits WHERE link_id = ? AND visit = ?", link, visit); err == nil {
		return nil
	}
	return t.db.Exec("INSERT INTO visits (link_id,visit,class,reason,rule_version,started_at) VALUES (?,?,?,'',1,?)", link, visit, class, t.now).Error
}

// FirstVisitForTest makes a visit unless there is one.
func (t *Tx) FirstVisitForTest(link ID, visit, class string) error {
	if _, err := first[int](t.db, "SELECT 1 FROM visits WHERE link_id = ? AND visit = ?", link, visit); err == nil {
		return nil
	}
	return t.ClassVisitForTest(link, visit, class)
}

// WeeklySumForTest adds up all weeks and corrections.
func (t *Tx) WeeklySumForTest() (Counts, error) {
	rows, err := all[cell](t.db, "SELECT metric, SUM(value) AS value FROM weekly GROUP BY metric")
	out := Counts{}
	for _, r := range rows {
		out[r.Metric] = r.Value
	}
	return out, err
}

// RebuildAtOnceForTest makes rebuilds not wait for open transactions, of which a
// test with one goroutine has none.
func RebuildAtOnceForTest() (undo func()) {
	was := settleRebuild
	settleRebuild = 0
	return func() { settleRebuild = was }
}
