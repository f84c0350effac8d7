package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// sealer encrypts rendered bytes: they hold personal links, and rows must not
// (a dump of the database opens no link).
type sealer struct{ keys []cipher.AEAD } // the newest first; old ones only open

// errSeal says that no key opens the bytes: server.secret was changed and the
// old value is not among server.previous_secrets.
var errSeal = errors.New("no secret opens the sealed bytes of a delivery; put the old server.secret into server.previous_secrets")

func newSealer(secrets [][]byte) (*sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("the outbox needs a secret to seal with")
	}
	s := &sealer{}
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "akari sealed delivery", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

// seal binds the bytes to the delivery, so that rows cannot be swapped.
func (s *sealer) seal(id ID, plain []byte) []byte {
	nonce := make([]byte, s.keys[0].NonceSize(), s.keys[0].NonceSize()+len(plain)+s.keys[0].Overhead())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return s.keys[0].Seal(nonce, nonce, plain, id[:])
}

func (s *sealer) open(id ID, sealed []byte) ([]byte, error) {
	for _, key := range s.keys {
		if n := key.NonceSize(); len(sealed) >= n {
			if plain, err := key.Open(nil, sealed[:n], sealed[n:], id[:]); err == nil {
				return plain, nil
			}
		}
	}
	return nil, errSeal
}
