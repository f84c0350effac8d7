package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
)

// packet is a transaction that only inserts and is sent as a whole: begin, its
// statements and commit travel together, so that it costs one round trip and not
// one for each of them.
type packet struct {
	sql  strings.Builder
	args []any
}

// add puts a statement into the packet. Its text is ours; all that comes from
// outside is in args.
func (p *packet) add(sql string, args []any) {
	if p.sql.Len() == 0 {
		p.sql.WriteString("BEGIN")
	}
	p.sql.WriteString("; ")
	p.sql.WriteString(sql)
	p.args = append(p.args, args...)
}

// send runs the packet. The server stops at the first statement that fails, and
// then nothing of the transaction may stay.
func (p *packet) send(ctx context.Context, db *sql.DB) error {
	if p.sql.Len() == 0 {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err = conn.ExecContext(ctx, p.sql.String()+"; COMMIT", p.args...); err == nil {
		return nil
	}
	if _, undo := conn.ExecContext(ctx, "ROLLBACK"); undo != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the server rolls back what hangs up
	}
	return err
}
