package config

import "log/slog"

// Secret is a key, token or password. However it is printed, it reads <secret>.
type Secret string

const hidden = "<secret>"

// Reveal returns the secret itself, for the one place that sends or computes with it.
func (s Secret) Reveal() string { return string(s) }

// String returns <secret>, also for %v, %s, %q and %+v.
func (Secret) String() string { return hidden }

// GoString returns <secret> for %#v.
func (Secret) GoString() string { return hidden }

// MarshalText writes <secret>; encoding/xml and map keys use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON writes "<secret>".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML writes <secret>.
func (Secret) MarshalYAML() (any, error) { return hidden, nil }

// LogValue logs <secret>.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
