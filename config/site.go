package config

import "slices"

// Site is a part of a committee that reports by itself: a block, a gate, an office
// building, a dormitory.
type Site struct {
	Name    string
	Aliases []string
	Kind    SiteKind
	Place   Place
}

// SiteKind is what a site is.
type SiteKind string

// The kinds of site. Blocks are written under blocks, gates under compounds, the others
// under sites with their kind.
const (
	SiteBlock   SiteKind = "块"
	SiteGate    SiteKind = "门岗"
	SiteOffices SiteKind = "楼宇" // office buildings and parks
	SiteRental  SiteKind = "租赁" // dormitories, large rentals, hotels
	SiteShelter SiteKind = "安置点"
	SiteWorks   SiteKind = "工地"
	SiteLane    SiteKind = "旧里" // written under lanes
)

// SiteKinds returns the kinds that may be written under sites.
func SiteKinds() []SiteKind { return []SiteKind{SiteOffices, SiteRental, SiteShelter, SiteWorks} }

// AllSites returns the blocks, the gates and the other sites of a committee, in the order
// of the file. A gate goes by its short name, 南门, where only one compound has such a
// gate, and by its compound's everywhere: 彩虹花苑南门.
func (c Committee) AllSites() []Site {
	all := slices.Clone(c.Blocks)
	count := make(map[string]int)
	for _, x := range c.Compounds {
		for _, gate := range x.Gates {
			count[gate]++
		}
	}
	for _, x := range c.Compounds {
		for _, gate := range x.Gates {
			s := Site{Name: x.Name + gate, Kind: SiteGate, Place: c.Place}
			if count[gate] == 1 {
				s.Aliases = []string{gate}
			}
			all = append(all, s)
		}
	}
	return append(all, c.Sites...)
}

// Reporters returns what files a form for a committee: its blocks or its sites of the
// form's kind. None for a form that the committee or the area files as a whole.
func (c Committee) Reporters(f *Form) []Site {
	kind := f.Site
	switch f.By {
	case ByBlock:
		kind = SiteBlock
	case BySite:
	default:
		return nil
	}
	return slices.DeleteFunc(c.AllSites(), func(s Site) bool { return s.Kind != kind })
}
