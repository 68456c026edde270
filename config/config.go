package config

// Config is everything the office has written, checked.
type Config struct {
	Bot      Bot              // bot.yaml; defaults where it is silent
	Streets  []*Street        // streets/*.yaml, in the order of the file names
	Packs    map[string]*Pack // by name: the built-in packs, overridden by packs/*.yaml
	Calendar *Calendar        // workdays and holidays: the built-in years, overridden by calendar/*.yaml
	Digest   string           // the first 12 hex digits of a SHA-256 over all files but secrets.env; /readyz shows it
}

// Street returns the street with this code, or nil.
func (c *Config) Street(code string) *Street {
	for _, s := range c.Streets {
		if s.Code == code {
			return s
		}
	}
	return nil
}

// Place is where in the files a value was written. Line and Col count from 1, Col in
// characters; 0 means the file as a whole.
type Place struct {
	File      string
	Line, Col int
}
