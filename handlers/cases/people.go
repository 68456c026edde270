package cases

import (
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// Who may do what, by role.
var (
	finders   = []config.Role{config.RoleInspector, config.RoleDiscipline, config.RoleDutyDesk, config.RoleLiaison, config.RoleAreaLeader, config.RoleLeader}
	deciders  = []config.Role{config.RoleLeader, config.RoleAreaLeader, config.RoleInspector, config.RoleDiscipline, config.RoleDutyDesk}
	givers    = []config.Role{config.RoleLeader, config.RoleAreaLeader, config.RoleOffice, config.RoleDutyDesk, config.RoleDiscipline}
	secret    = []config.Role{config.RoleInspector, config.RoleDiscipline}
	committee = []config.Role{config.RoleSecretary, config.RoleWorker}
)

// owners decides whose a new case is (card S23): the first role of its type that the unit
// has, or the street, an office by its name where the type names it; else the unit's secretary, its liaison, its area's leader, the duty
// desk. Never the finder alone, where there is anybody else.
func owners(d *handlers.Desk, t *config.CaseType, unit, place, finder string) []string {
	others := func(people []config.Person) []string {
		var out []string
		for _, p := range people {
			if p.UserID != finder && !ofOtherSite(d, p, place) {
				out = append(out, p.UserID)
			}
		}
		return out
	}
	for _, role := range t.Owner {
		if office := d.Dir.Office(d.Street, t.Office); role == config.RoleOffice && len(office) > 0 {
			if ids := others(office); len(ids) > 0 {
				return ids
			}
			continue // the finder is all there is of it: the other offices have nothing to do with it
		}
		if unit != "" {
			if ids := others(d.Dir.InUnit(d.Street, unit, role)); len(ids) > 0 {
				return ids
			}
		}
		street := slices.DeleteFunc(d.Dir.PeopleOf(d.Street, role), func(p config.Person) bool { return p.Unit != "" })
		if ids := others(street); len(ids) > 0 {
			return ids
		}
	}
	if unit != "" {
		if ids := others(d.Dir.InUnit(d.Street, unit, config.RoleSecretary)); len(ids) > 0 {
			return ids
		}
		area, _ := d.Street.AreaOf(unit)
		for _, id := range []string{area.Liaison, area.Leader} {
			if id != "" && id != finder {
				return []string{id}
			}
		}
	}
	if ids := others(d.Dir.PeopleOf(d.Street, config.RoleDutyDesk)); len(ids) > 0 {
		return ids
	}
	return []string{finder}
}

// ofOtherSite reports whether a person from outside answers for another site of the unit
// than the place: 彩虹花苑物业 has nothing to do with 梅园新村.
func ofOtherSite(d *handlers.Desk, p config.Person, place string) bool {
	if !p.Has(config.RoleProperty, config.RoleBuilding) {
		return false
	}
	u, _ := d.Dir.Unit(d.Street, p.Unit)
	for _, c := range u.Compounds {
		if strings.HasPrefix(p.Title, c.Name) {
			return !strings.HasPrefix(place, c.Name)
		}
	}
	return false
}

// owns reports whether a person may act for the case's owner: an owner, or the committee
// of the unit whose site it is.
func (k *Case) owns(d *handlers.Desk, p config.Person) bool {
	if slices.Contains(k.Owners, p.UserID) {
		return true
	}
	return p.Has(committee...) && p.Unit != "" && p.Unit == k.Unit && !k.officeOwned(d)
}

// helps reports whether a person may act for the street: whoever looks after the unit, the
// offices, the duty desk, the leaders. Nobody acts for both sides.
func (k *Case) helps(d *handlers.Desk, p config.Person) bool {
	if k.owns(d, p) {
		return false
	}
	return k.looksAfter(d, p) || p.Has(config.RoleOffice, config.RoleDutyDesk, config.RoleLeader)
}

// looksAfter reports whether a person is the liaison or the leader of the case's area.
func (k *Case) looksAfter(d *handlers.Desk, p config.Person) bool {
	area, ok := d.Street.AreaOf(k.Unit)
	return ok && (area.Liaison == p.UserID || area.Leader == p.UserID)
}

// found reports whether a person found or reported the case.
func (k *Case) found(p config.Person) bool {
	return k.Finder == p.UserID || slices.Contains(k.Others, p.UserID)
}

// reporters are who found or reported the case, the first of them first.
func (k *Case) reporters() []string { return append([]string{k.Finder}, k.Others...) }

// everybody are the owners and the reporters.
func (k *Case) everybody() []string { return append(slices.Clone(k.Owners), k.reporters()...) }

// heard reports whether a case may be told to the caller where he asks: what is not released
// is said in no group, whoever is in it.
func (k *Case) heard(c *handlers.Call) bool {
	return k.sees(&c.Desk, c.Person) && (k.State != Hidden || c.Private())
}

// sees reports whether a person may be told of the case.
func (k *Case) sees(d *handlers.Desk, p config.Person) bool {
	if k.found(p) {
		return true
	}
	if k.State == Hidden {
		return p.Has(secret...)
	}
	if k.owns(d, p) || p.Unit != "" && p.Unit == k.Unit && p.Has(committee...) {
		return true
	}
	if p.Unit != "" {
		return false
	}
	letter, _, _ := split(k.id)
	if k.sealed() && letter != string(config.CaseUrgent) { // a household's: who works with it
		return k.looksAfter(d, p) || p.Has(config.RoleDutyDesk)
	}
	return p.Has(finders...) || p.Has(config.RoleOffice)
}

// chief is the leader of the case's area, or the first of the street's leaders.
func (k *Case) chief(d *handlers.Desk) string {
	if area, ok := d.Street.AreaOf(k.Unit); ok && area.Leader != "" {
		return area.Leader
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleLeader) {
		return p.UserID
	}
	return ""
}

// liaison is whoever stands between the case's unit and the street; the area's leader, or
// the duty desk, where there is none.
func (k *Case) liaison(d *handlers.Desk) string {
	if k.Unit != "" {
		if l := d.Dir.Liaison(d.Street, k.Unit); l != "" {
			return l
		}
	}
	if id := k.chief(d); k.Unit != "" && id != "" {
		return id
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleDutyDesk) {
		return p.UserID
	}
	return k.chief(d)
}
