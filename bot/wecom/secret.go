package wecom

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what every secret prints as.
const hidden = "<secret>"

// Secret is a webhook key, app secret, bot secret or one-time code. Whatever prints,
// logs or marshals it gets "<secret>"; string(s) is the way to the value. Two things go
// past every method and must not be done with one: the verb %p, and a map's key in JSON.
type Secret string

var (
	_ fmt.Formatter  = Secret("")
	_ slog.LogValuer = Secret("")
)

// String returns "<secret>".
func (Secret) String() string { return hidden }

// GoString returns "<secret>".
func (Secret) GoString() string { return hidden }

// Format writes "<secret>" for every verb; without it %d would show the value in its
// complaint about the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) } //nolint:errcheck // fmt keeps no error

// LogValue returns "<secret>".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON returns "<secret>" as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText returns "<secret>", for encoders other than JSON's.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
