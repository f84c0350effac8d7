package models

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// ID is a time-ordered UUID (version 7), made in Go and stored as 16 bytes.
// The zero ID means none and is stored as NULL.
type ID [16]byte

// NewID makes an ID; IDs of one process sort in the order they were made.
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID reads what String wrote, with or without dashes.
func ParseID(s string) (ID, error) {
	if u, err := uuid.Parse(s); err == nil {
		return ID(u), nil
	}
	return ID{}, fmt.Errorf("%.40q is no id", s)
}

// String is the ID as 32 hexadecimal digits, as the reporting views show it.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// UUID is the ID with dashes, as platforms take keys.
func (id ID) UUID() string { return uuid.UUID(id).String() }

// IsZero tells whether there is no ID.
func (id ID) IsZero() bool { return id == ID{} }

// Value implements driver.Valuer.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id[:], nil
}

// Scan implements sql.Scanner.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID{}
	case []byte:
		if len(v) != len(id) {
			return fmt.Errorf("an id of %d bytes", len(v))
		}
		copy(id[:], v)
	case string:
		return id.Scan([]byte(v))
	default:
		return fmt.Errorf("an id cannot be read from %T", src)
	}
	return nil
}

// MarshalText and UnmarshalText make IDs readable in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}
