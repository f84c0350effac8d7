package main

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written 1048576, 512KiB or 1MiB.
type Size int64

// setScalar puts one written value into a field. Its errors end a sentence that
// begins with the key, and repeat the value only as it stands in the file.
func setScalar(field reflect.Value, r raw) error {
	switch {
	case field.Kind() == reflect.Pointer:
		value := reflect.New(field.Type().Elem())
		if err := setScalar(value.Elem(), r); err != nil {
			return err
		}
		field.Set(value)
		return nil
	case field.Type() == secretType:
		if r.kind == "truth" && !r.expanded {
			return errors.New("must be text")
		}
		field.Set(reflect.ValueOf(NewSecret(r.text)))
		return nil
	case field.Type() == durationType:
		d, err := ParseDuration(r.text)
		if err != nil {
			return fmt.Errorf("must be a duration such as 30s, 5m, 2h or 30d, not %q", r.shown)
		}
		field.SetInt(int64(d))
		return nil
	case field.Type() == sizeType:
		n, err := parseSize(r.text)
		if err != nil {
			return fmt.Errorf("must be a size such as 1048576, 512KiB or 1MiB, not %q", r.shown)
		}
		field.SetInt(n)
		return nil
	}
	return setPlain(field, r)
}

func setPlain(field reflect.Value, r raw) error {
	switch field.Kind() {
	case reflect.String:
		if r.kind == "truth" && !r.expanded {
			return fmt.Errorf("must be text, not %s", r.shown)
		}
		field.SetString(r.text)
		return nil
	case reflect.Bool:
		if (r.kind == "truth" || r.expanded) && (r.text == "true" || r.text == "false") {
			field.SetBool(r.text == "true")
			return nil
		}
		return fmt.Errorf("must be true or false, not %q", r.shown)
	case reflect.Int:
		n, err := strconv.ParseInt(strings.ReplaceAll(r.text, "_", ""), 10, 32)
		if err != nil || r.kind == "text" && !r.expanded {
			return fmt.Errorf("must be a whole number, not %q", r.shown)
		}
		field.SetInt(n)
		return nil
	case reflect.Float64:
		f, err := strconv.ParseFloat(r.text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || r.kind == "text" && !r.expanded {
			return fmt.Errorf("must be a number, not %q", r.shown)
		}
		field.SetFloat(f)
		return nil
	}
	return fmt.Errorf("has a type this program cannot set (%s)", field.Type())
}

// setList fills a list of strings or of secrets.
func setList(field reflect.Value, texts []string) {
	if field.Type().Elem() == secretType {
		list := make([]Secret, 0, len(texts))
		for _, t := range texts {
			list = append(list, NewSecret(t))
		}
		field.Set(reflect.ValueOf(list))
		return
	}
	list := make([]string, 0, len(texts))
	field.Set(reflect.ValueOf(append(list, texts...)))
}

// splitList reads a comma-separated list.
func splitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// ParseDuration reads a Go duration, or a whole number of days such as 90d, or 0.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		// 100 years: beyond it the sum with a date no longer fits a database column.
		if err != nil || n > 36525 || n < -36525 {
			return 0, fmt.Errorf("%q is not a number of days", text)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(text)
}

func parseSize(text string) (int64, error) {
	units := []struct {
		suffix string
		factor int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1000}, {"MB", 1000_000}, {"GB", 1000_000_000}, {"B", 1}, {"", 1}}
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.factor {
			return 0, fmt.Errorf("%q is not a size", text)
		}
		return n * u.factor, nil
	}
	return 0, fmt.Errorf("%q is not a size", text)
}
