package main

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"akari/content"
	"akari/models"
)

// The people built in are readable, and every owner that the sample content names
// is one of them.
func TestSamplePeopleFitTheSampleContent(t *testing.T) {
	seed, problems := models.ReadSeed(bytes.NewReader(samplePeople), "sample.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	staff := map[string]bool{}
	for _, s := range seed.Staff {
		staff[s.Key] = true
	}
	library, faults, err := content.Open(content.Options{Small: true})
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	for _, e := range library.AllEntries() {
		if e.Owner.Person != "" && !staff[e.Owner.Person] {
			t.Errorf("entry %s belongs to %s, who is not in sample.yaml", e.Key, e.Owner.Person)
		}
	}
	if len(seed.Partners) < 2 {
		t.Error("a newcomer should see that partners do not see each other: two are needed")
	}
}

func TestMadeSecretIsOneForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "server.secret")
	var wait sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		wait.Go(func() {
			secret, err := madeSecret(path)
			if err != nil {
				t.Error(err)
			}
			got[i] = secret
		})
	}
	wait.Wait()
	later, err := madeSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range append(got, later) {
		if !bytes.Equal(one, got[0]) || len(one) < 32 {
			t.Errorf("%d bytes, not the same for all", len(one))
		}
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := madeSecret(path); err == nil {
		t.Error("a short secret is taken")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".secret-*")); len(left) > 0 {
		t.Errorf("drafts were left: %v", left)
	}
}
