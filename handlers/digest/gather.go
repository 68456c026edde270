package digest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// scope is whose digest it is.
type scope struct {
	name    string   // of the area or unit; "" = the street
	units   []string // its committees; nil = all
	base    int      // how many committees there are
	private bool     // only a person with this scope hears it
}

func whole(d *handlers.Desk) scope { return scope{base: len(d.Dir.Units(d.Street))} }

// has reports whether a report belongs to the scope. A block or site is a unit of its own,
// 梅园/3块; what a liaison files bears the area's name.
func (s scope) has(unit string) bool {
	if s.units == nil || unit == s.name {
		return true
	}
	for i, r := range unit {
		if r == '/' {
			unit = unit[:i]
			break
		}
	}
	return slices.Contains(s.units, unit)
}

// areas are a street's areas as scopes.
func areas(d *handlers.Desk) []scope {
	var out []scope
	for _, a := range d.Street.Areas {
		out = append(out, scope{name: a.Name, units: a.Committees, base: len(a.Committees), private: true})
	}
	return out
}

// areasOf are the areas a person leads or looks after.
func areasOf(d *handlers.Desk, p config.Person) []scope {
	under := d.Dir.UnitsUnder(d.Street, p)
	return slices.DeleteFunc(areas(d), func(s scope) bool {
		return len(s.units) == 0 || slices.ContainsFunc(s.units, func(u string) bool { return !slices.Contains(under, u) })
	})
}

// ask is one thing to be read: join queues it, and what join returns is called after the
// batch has run.
type ask struct {
	join func(b *store.Batch) func() error
	err  error // why it could not be read
}

// readAll reads everything in one round trip. Where that fails because of one record, each
// is read by itself, so that one bad record costs its own section and no other. The error
// is not nil only where Redis is away.
func readAll(ctx context.Context, d *handlers.Desk, asks []*ask) error {
	b := d.Read()
	fills := make([]func() error, len(asks))
	for i, a := range asks {
		a.err = careful(func() error { fills[i] = a.join(b); return nil })
	}
	err := b.Run(ctx)
	if errors.Is(err, store.ErrUnavailable) || err != nil && ctx.Err() != nil {
		return err
	}
	for i, a := range asks {
		switch {
		case a.err != nil:
		case err != nil:
			a.err = careful(func() error {
				alone := d.Read()
				fill := a.join(alone)
				if err := alone.Run(ctx); err != nil {
					return err
				}
				return fill()
			})
			if errors.Is(a.err, store.ErrUnavailable) {
				return a.err
			}
		default:
			a.err = careful(fills[i])
		}
	}
	return nil
}

// careful runs what another family wrote: what it breaks is its own part only.
func careful(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// facts are what the digests of one pack and day rest on.
type facts struct {
	pack  *config.Pack
	day   config.Day
	forms []*counted
	parts map[string][]part // by the scope's name: as many as the pack has sections
	last  map[config.Day]said
	prev  said  // the digest before this one; its Day is "" if there is none
	lost  error // why the digests before could not be read
}

// part is what another family said for a section.
type part struct {
	handlers.Part
	err error
}

// loss is a part of a digest that could not be made.
type loss struct {
	title string
	why   error
}

// lookBack is how many mornings before this one are looked through for the last digest.
const lookBack = 8

// gather reads what the digests of a day rest on, for the scopes wanted.
func (f *Family) gather(ctx context.Context, d *handlers.Desk, p *config.Pack, day config.Day, scopes []scope) (*facts, error) {
	fs := &facts{pack: p, day: day, parts: map[string][]part{}, last: map[config.Day]said{}}
	var asks []*ask
	for _, form := range spoken(p, day) {
		c := &counted{form: form}
		fs.forms = append(fs.forms, c)
		asks = append(asks, f.read(c, &c.day, day), f.read(c, &c.before, form.Prior(day)))
		if c.weekly = form.Every != config.EveryWeek && slices.ContainsFunc(p.Digest, func(s config.Section) bool { return s.Change && s.Form == form.Name }); c.weekly {
			asks = append(asks, f.read(c, &c.week, day.Add(-7)))
		}
	}
	forms := len(asks)
	for _, sc := range scopes {
		fs.parts[sc.name] = make([]part, len(p.Digest))
		for i := range p.Digest {
			if offered, ok := f.sections[p.Digest[i].Kind]; ok {
				asks = append(asks, partOf(d, offered, p, p.Digest[i].Of, day, 1, sc, &fs.parts[sc.name][i]))
			}
		}
	}
	kept := &ask{join: func(b *store.Batch) func() error {
		var fields []string
		for n := range lookBack {
			fields = append(fields, field(p, day.Add(-n)))
		}
		cells := b.Cells(store.Digests(), fields...)
		return func() error {
			for n, c := range *cells {
				s, err := openSaid(c)
				if err != nil {
					return err
				}
				if fs.last[day.Add(-n)] = s; fs.prev.Day == "" {
					fs.prev = s
				}
			}
			return nil
		}
	}}
	if err := readAll(ctx, d, append(asks, kept)); err != nil {
		return nil, fmt.Errorf("read reports of %s: %w", day, err)
	}
	fs.lost = kept.err
	i := 0
	for _, c := range fs.forms {
		c.err = asks[i].err
		// Without the days before, the day's own figures can be said all the same.
		c.past = asks[i+1].err
		i += 2
		if c.weekly {
			c.past = cmp.Or(c.past, asks[i].err)
			i++
		}
	}
	if i != forms {
		return nil, fmt.Errorf("digest: %d reads of forms, %d expected", forms, i)
	}
	for _, sc := range scopes {
		for n := range p.Digest {
			if _, ok := f.sections[p.Digest[n].Kind]; ok {
				fs.parts[sc.name][n].err = asks[i].err
				i++
			}
		}
	}
	return fs, f.catchUp(ctx, d, fs)
}

// catchUp reads the day of the last digest where that was not the day before: after a
// holiday or a stop its errata are still owed.
func (f *Family) catchUp(ctx context.Context, d *handlers.Desk, fs *facts) error {
	if fs.prev.Day == "" {
		return nil
	}
	var asks []*ask
	for _, c := range fs.forms {
		if c.form.Closed(fs.prev.Day) == c.form.Closed(c.form.Prior(fs.day)) {
			continue
		}
		c.gap = true
		if c.form.Closed(fs.prev.Day) != c.form.Closed(fs.day) { // its period has ended since
			asks = append(asks, f.read(c, &c.then, fs.prev.Day))
		}
	}
	if len(asks) == 0 {
		return nil
	}
	if err := readAll(ctx, d, asks); err != nil {
		return fmt.Errorf("read reports of %s: %w", fs.prev.Day, err)
	}
	return nil
}

// read asks for a form's reports of a day.
func (f *Family) read(c *counted, into *[]handlers.Filed, day config.Day) *ask {
	return &ask{join: func(b *store.Batch) func() error {
		result := f.tally(b, c.form, day)
		return func() (err error) {
			*into, err = result()
			return err
		}
	}}
}

// partOf asks another family for its part.
func partOf(d *handlers.Desk, s handlers.Section, p *config.Pack, of string, day config.Day, days int, sc scope, into *part) *ask {
	return &ask{join: func(b *store.Batch) func() error {
		read := s.Read(handlers.SectionQuery{Desk: d, Batch: b, Pack: p, Of: of, Day: day, Days: days, Units: sc.units})
		return func() (err error) {
			into.Part, err = read()
			return err
		}
	}}
}

// spoken are the forms a digest about a day speaks of: those of its sections, and those
// whose absence is noticed.
func spoken(p *config.Pack, day config.Day) []*config.Form {
	return slices.DeleteFunc(p.On(day), func(form *config.Form) bool {
		return !form.Required && !slices.ContainsFunc(p.Digest, func(s config.Section) bool { return s.Form == form.Name })
	})
}
