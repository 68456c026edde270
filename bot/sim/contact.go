package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// maxOpenUserIDs is how many ids one conversion takes.
const maxOpenUserIDs = 1000

// person finds a member; userids do not tell case apart.
func (p Population) person(id string) (Person, bool) {
	i := slices.IndexFunc(p.People, func(x Person) bool { return strings.EqualFold(x.ID, id) })
	if i < 0 {
		return Person{}, false
	}
	return p.People[i], true
}

// userGet: GET user/get?userid=… (doc 90196), as an app made after 2022 sees it:
// no mobile, no mail.
func (s *Sim) userGet(c call) verdict {
	id := c.r.URL.Query().Get("userid")
	if id == "" {
		return refuse(40063, "userid")
	}
	p, ok := c.pop.person(id)
	switch {
	case !ok:
		return refuse(60111, "")
	case s.hidden(p.ID):
		return refuse(60011, "")
	}
	unit := c.pop.department(p.Unit)
	return verdict{more: map[string]any{
		"userid": p.ID, "name": p.Name, "department": []int{unit}, "order": []int{0}, "main_department": unit,
		"position": strings.Join(p.Roles, "、"), "status": 1, "is_leader_in_dept": []int{0}, "direct_leader": []string{},
	}}
}

// hidden reports whether a person is outside the app's visible range.
func (s *Sim) hidden(userid string) bool {
	return slices.ContainsFunc(s.o.Switches.Hidden, func(id string) bool { return strings.EqualFold(id, userid) })
}

// rootDepartment is the enterprise itself; each unit is a department under it.
const rootDepartment = 1

// units are the departments under the root, in the population's order.
func (p Population) units() []string {
	var out []string
	for _, x := range p.People {
		if x.Unit != "" && !slices.Contains(out, x.Unit) {
			out = append(out, x.Unit)
		}
	}
	return out
}

// department is the number of a unit.
func (p Population) department(unit string) int {
	return rootDepartment + 1 + slices.Index(p.units(), unit) // no unit: -1, the root
}

// userSimpleList: GET user/simplelist?department_id=…: who is directly in it.
func (s *Sim) userSimpleList(c call) verdict {
	id, err := strconv.Atoi(c.r.URL.Query().Get("department_id"))
	if err != nil {
		return refuse(40063, "department_id")
	}
	list := []map[string]any{}
	for _, p := range c.pop.People {
		if d := c.pop.department(p.Unit); d == id && !s.hidden(p.ID) {
			list = append(list, map[string]any{"userid": p.ID, "name": p.Name, "department": []int{d}})
		}
	}
	return verdict{more: map[string]any{"userlist": list}}
}

// departmentList: GET department/simplelist (ids only) and department/list (names too).
func (s *Sim) departmentList(c call) verdict {
	named := c.path == "department/list"
	list := []map[string]any{{"id": rootDepartment, "parentid": 0, "order": 1}}
	if named {
		list[0]["name"] = "街道"
	}
	for i, unit := range c.pop.units() {
		d := map[string]any{"id": rootDepartment + 1 + i, "parentid": rootDepartment, "order": i + 1}
		if named {
			d["name"] = unit
		}
		list = append(list, d)
	}
	key := "department_id"
	if named {
		key = "department"
	}
	return verdict{more: map[string]any{key: list}}
}

// callbackIPs: GET getcallbackip: where callbacks come from.
func (s *Sim) callbackIPs(call) verdict {
	return verdict{more: map[string]any{"ip_list": []string{"127.0.0.1"}}}
}

// plainUserIDs: POST batch/openuserid_to_userid (doc 101521). Ids that are plain
// already come back as invalid.
func (s *Sim) plainUserIDs(c call) verdict {
	var in struct {
		List []string `json:"open_userid_list"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	if len(in.List) == 0 {
		return refuse(40063, "open_userid_list")
	}
	if len(in.List) > maxOpenUserIDs {
		return refuse(40058, "open_userid_list exceeds %d", maxOpenUserIDs)
	}
	found, invalid := []map[string]string{}, []string{}
	for _, open := range in.List {
		i := slices.IndexFunc(c.pop.People, func(p Person) bool { return s.openUserID(p.ID) == open })
		if i < 0 {
			invalid = append(invalid, open)
			continue
		}
		found = append(found, map[string]string{"open_userid": open, "userid": c.pop.People[i].ID})
	}
	return verdict{more: map[string]any{"userid_list": found, "invalid_open_userid_list": invalid}}
}

// openUserID is the encrypted id under which a bot may see a person.
func (s *Sim) openUserID(userid string) string {
	sum := sha256.Sum256([]byte(s.tenant.BotSecret + "\x00" + userid))
	return "wo" + base64.RawURLEncoding.EncodeToString(sum[:24])
}

// nameToBot is the id the bot sees for a person.
func (s *Sim) nameToBot(userid string) string {
	if s.o.Switches.OpenUserIDs {
		return s.openUserID(userid)
	}
	return userid
}
