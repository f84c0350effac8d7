package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// envPrefix begins every variable that is a setting.
const envPrefix = "AKARI_"

// foreign are variables of this project that are no settings: those of the tests.
var foreign = []string{"AKARI_CI", "AKARI_TEST_"}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			env[name] = value
		}
	}
	return env
}

// setting is one key that has a single value or a list of them.
type setting struct {
	path  string
	field reflect.Value
}

// variable is the name under which the environment can give it.
func (s setting) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

// settings lists every key of the struct v that has an environment form.
func settings(path string, v reflect.Value) []setting {
	var all []setting
	for f, fv := range v.Fields() {
		tag := f.Tag.Get("yaml")
		if tag == "" || tag == "-" {
			continue
		}
		switch {
		case fv.Kind() == reflect.Struct && fv.Type() != secretType:
			all = append(all, settings(join(path, tag), fv)...)
		case fv.Kind() == reflect.Slice && fv.Type().Elem().Kind() == reflect.Struct && fv.Type().Elem() != secretType:
			// lists of maps have no environment form
		default:
			all = append(all, setting{join(path, tag), fv})
		}
	}
	return all
}

// overrides lays the AKARI_… variables over the Config.
func (b *binder) overrides(c *Config) {
	byName := map[string]setting{}
	var names []string
	for _, s := range settings("", reflect.ValueOf(c).Elem()) {
		byName[s.variable()] = s
		names = append(names, s.variable())
	}
	var given []string
	for name := range b.env {
		if strings.HasPrefix(name, envPrefix) && !slices.ContainsFunc(foreign, func(f string) bool { return strings.HasPrefix(name, f) }) {
			given = append(given, name)
		}
	}
	slices.Sort(given)
	for _, name := range given {
		if s, ok := byName[name]; ok {
			b.override(name, s)
			continue
		}
		if base, ok := strings.CutSuffix(name, "_FILE"); ok {
			if s, known := byName[base]; known && isSecret(s.field) {
				b.overrideFile(name, base, s)
				continue
			}
		}
		b.stranger(name, names)
	}
}

func (b *binder) override(name string, s setting) {
	value := b.env[name]
	if value == "" && !takesText(s.field) && s.field.Kind() != reflect.Pointer {
		return // compose files pass variables on as empty: not given
	}
	b.places[s.path] = place{variable: name}
	delete(b.missing, s.path)
	var err error
	switch {
	case s.field.Kind() == reflect.Slice:
		setList(s.field, splitList(value))
	case s.field.Kind() == reflect.Pointer && value == "":
		s.field.SetZero()
	default:
		err = setScalar(s.field, raw{text: value, expanded: true, shown: "$" + name})
	}
	if err != nil {
		b.about(s.path, "%s", err)
	}
}

func (b *binder) overrideFile(name, base string, s setting) {
	if b.env[name] == "" {
		return
	}
	if b.env[base] != "" {
		b.problems = append(b.problems, Problem{File: environmentFile, Text: name + " and " + base + " are both set; keep one"})
		return
	}
	b.places[s.path] = place{variable: name}
	delete(b.missing, s.path)
	if why := readSecret(b.env[name], s.field); why != "" {
		b.about(s.path, "cannot be read: %s", why)
	}
}

// stranger judges an AKARI_… variable that is no setting. One that begins like a
// section of the settings, or is nearly one of them, is a mistake; any other is
// somebody else's (Kubernetes sets AKARI_PORT and AKARI_SERVICE_HOST for a service
// called akari) and only noted.
func (b *binder) stranger(name string, known []string) {
	like := nearest(name, known)
	text := fmt.Sprintf("unknown setting %s; the nearest known one is %s", clip(name), like)
	p := Problem{File: environmentFile, Text: text}
	section, rest, _ := strings.Cut(strings.TrimPrefix(name, envPrefix), "_")
	_, isSection := sectionNames()[section]
	if isSection && rest != "" && !strings.HasPrefix(rest, "SERVICE_") && !strings.HasPrefix(rest, "PORT_") || distance(name, like) <= 2 {
		b.problems = append(b.problems, p)
		return
	}
	b.notes = append(b.notes, Problem{File: environmentFile, Text: text + "; it is ignored"})
}

func sectionNames() map[string]bool {
	names := map[string]bool{}
	for f := range reflect.TypeFor[Config]().Fields() {
		if f.Type.Kind() == reflect.Struct {
			names[strings.ToUpper(f.Tag.Get("yaml"))] = true
		}
	}
	return names
}

// unset turns missing variables into problems, but only for values that are used.
func (b *binder) unset(c Config) {
	for path, p := range b.missing {
		switch section, _, _ := strings.Cut(path, "."); {
		case section == "slack" && path != "slack.enabled" && !c.Slack.Enabled:
		case section == "line" && path != "line.enabled" && !c.Line.Enabled:
		default:
			b.problems = append(b.problems, p)
		}
	}
}

// nearestKey suggests a known key for an unknown one: the most alike in the same
// group, or the same word in another group.
func nearestKey(path, key string) string {
	known := keysUnder(path)
	best := ""
	if len(known) > 0 {
		best = nearest(key, known)
	}
	if best == "" || distance(key, best) > 2 {
		for _, full := range allKeys() {
			if full == key || strings.HasSuffix(full, "."+key) {
				return full
			}
		}
	}
	if best == "" || path == "" && distance(key, best) > 2 {
		return nearest(join(path, key), append(allKeys(), known...))
	}
	return join(path, best)
}

// keysUnder lists the keys of one group, e.g. of "server" or "lineworks.connections[0]".
func keysUnder(path string) []string {
	t := reflect.TypeFor[Config]()
	for part := range strings.SplitSeq(path, ".") {
		part, _, _ = strings.Cut(part, "[")
		if part == "" {
			continue
		}
		for f := range t.Fields() {
			if f.Tag.Get("yaml") == part {
				if t = f.Type; t.Kind() == reflect.Slice {
					t = t.Elem()
				}
				break
			}
		}
	}
	var keys []string
	for f := range t.Fields() {
		if tag := f.Tag.Get("yaml"); tag != "" && tag != "-" {
			keys = append(keys, tag)
			if f.Type == secretType || f.Type == reflect.TypeFor[[]Secret]() {
				keys = append(keys, tag+"_file")
			}
		}
	}
	return keys
}

// allKeys lists every path of the configuration.
func allKeys() []string {
	var c Config
	var keys []string
	for _, s := range settings("", reflect.ValueOf(&c).Elem()) {
		keys = append(keys, s.path)
	}
	return append(keys, "lineworks.connections", "digest.audiences")
}
