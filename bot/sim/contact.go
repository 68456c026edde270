package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
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
	if !ok {
		return refuse(60111, "")
	}
	return verdict{more: map[string]any{
		"userid": p.ID, "name": p.Name, "department": []int{1}, "order": []int{0}, "main_department": 1,
		"position": strings.Join(p.Roles, "、"), "status": 1, "is_leader_in_dept": []int{0}, "direct_leader": []string{},
	}}
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
