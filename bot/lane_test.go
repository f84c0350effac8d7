package bot

import (
	"strings"
	"testing"
)

// What paces an address names nobody, and is the same in every process.
func TestTheBucketOfAnAddressNamesNobody(t *testing.T) {
	direct := Address{Platform: "slack", Connection: "slack", Room: "D0TANAKA", User: "U0TANAKA", Direct: true}.String()
	key := roomKey("slack", "slack", direct)
	if strings.Contains(key, "TANAKA") || !strings.HasPrefix(key, "slack/slack//") {
		t.Error(key)
	}
	if other := roomKey("slack", "slack", strings.Replace(direct, "TANAKA", "SUZUKI", 1)); key != roomKey("slack", "slack", direct) || key == other {
		t.Errorf("%s and %s", key, other)
	}
}
