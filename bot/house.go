package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"juwei/bot/sim"
	"juwei/config"
)

// budgetSettle bounds how long a simulator waits for a bot to catch up with the clock.
const budgetSettle = 30 * time.Second

// remoteHouse is the simulator's view of a bot: an address, and the street it serves.
// Bot and simulator share nothing else.
type remoteHouse struct {
	base   atomic.Pointer[string] // where the bot's /house is; nil until a bot announced itself
	people sim.Population
	client *http.Client
}

func newRemoteHouse(s *config.Street, botName string) *remoteHouse {
	return &remoteHouse{people: population(s, botName), client: &http.Client{Timeout: budgetSettle, Transport: &http.Transport{Proxy: nil}}}
}

// At notes where the bot listens.
func (h *remoteHouse) At(base string) { base = strings.TrimRight(base, "/"); h.base.Store(&base) }

// Population implements sim.House.
func (h *remoteHouse) Population() sim.Population { return h.people }

// Settle implements sim.House. Without a bot nothing is due.
func (h *remoteHouse) Settle(ctx context.Context, now time.Time) (time.Time, error) {
	body, err := json.Marshal(map[string]time.Time{"now": now})
	if err != nil {
		return time.Time{}, fmt.Errorf("settle: %w", err)
	}
	var out settled
	err = h.call(ctx, http.MethodPost, "/house/settle", body, &out)
	if errors.Is(err, errNoBot) {
		return time.Time{}, nil
	}
	return out.Next, err
}

// Outbox implements sim.House.
func (h *remoteHouse) Outbox(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	return out, h.call(ctx, http.MethodGet, "/house/outbox", nil, &out)
}

var errNoBot = errors.New("no bot has announced itself")

func (h *remoteHouse) call(ctx context.Context, method, path string, body []byte, out any) error {
	base := h.base.Load()
	if base == nil {
		return errNoBot
	}
	req, err := http.NewRequestWithContext(ctx, method, *base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("house: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("house: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<22))
	if err != nil {
		return fmt.Errorf("house: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("house %s: %s: %s", path, resp.Status, bytes.TrimSpace(data))
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("house %s: %w", path, err)
	}
	return nil
}

// population is a street as the platform knows it: who there is, who is in which group,
// and lines for the chat page's quick fill.
func population(s *config.Street, botName string) sim.Population {
	pop := sim.Population{Bot: botName, Phrases: phrases()}
	for _, p := range s.People {
		person := sim.Person{ID: p.UserID, Name: p.Title, Unit: p.Unit}
		for _, r := range p.Roles {
			person.Roles = append(person.Roles, string(r))
		}
		pop.People = append(pop.People, person)
	}
	for _, c := range s.Chats {
		chat := sim.Chat{ID: c.ChatID, Name: c.Name, Kind: string(c.Kind)}
		for _, p := range s.People {
			if p.Has(config.RoleAdmin) || slices.ContainsFunc(members[c.Kind], func(r config.Role) bool { return p.Has(r) }) {
				chat.Members = append(chat.Members, p.UserID)
			}
		}
		pop.Chats = append(pop.Chats, chat)
	}
	return pop
}

// members are the roles that sit in a kind of group, for the simulated street.
var members = map[config.ChatKind][]config.Role{
	config.ChatSecretaries: {config.RoleSecretary, config.RoleWorker, config.RoleLiaison, config.RoleDiscipline, config.RoleDutyDesk},
	config.ChatLeaders:     {config.RoleLeader, config.RoleAreaLeader, config.RoleDutyDesk},
	config.ChatDiscipline:  {config.RoleDiscipline},
	config.ChatDutyDesk:    {config.RoleDutyDesk, config.RoleLiaison, config.RoleLeader},
	config.ChatInspection:  {config.RoleInspector, config.RoleDiscipline},
}

// phrases are lines people really type, clean and sloppy, by role.
func phrases() map[string][]string {
	return map[string][]string{
		string(config.RoleSecretary): {
			"/日报 新返2 重点0 新隔0 解除1 在隔8 发热0 未联系11",
			"/日报　新返２，重点没有，解1个，在隔八个，发热无，没联系上的11户",
			"斜杠日报新返两人重点一个在隔十二没有发热",
			"/日报 同昨", "/零报", "8", "1", "/改 在隔 8 刚才打错了", "/收 1", "/我的", "/帮助 日报",
			"/返 6-1203 2人 安徽 今天 自驾", "问 彩虹花苑北门 没人测温", "站前谁联系的啊", "/为什么 新隔",
		},
		string(config.RoleWorker):    {"/我的", "/零报", "/返 6-1203 2人 安徽 今天 自驾", "/帮助"},
		string(config.RoleLiaison):   {"/未报", "/日报 站前 新返1 重点0 新隔0 解除0 在隔9 发热0 未联系20"},
		string(config.RoleDutyDesk):  {"/未报", "/日程", "/晨报"},
		string(config.RoleLeader):    {"/晨报", "/晨报 2.13", "/图", "/今日"},
		string(config.RoleOffice):    {"/导", "/导 卫健日报 昨天", "/数 新返"},
		string(config.RoleInspector): {"/查 演员 彩虹花苑南门 没人问", "/楼 明珠园 门禁好 登记不全", "/清单 督查反馈\n管理办 2.15 告示贴满123个小区\n梅园 明天 补登记本", "/问题 1"},

		string(config.RoleDiscipline): {"/通知 口罩登记\n请按统一标准登记，一户一次5只，当场核对住址。", "/通知 口罩标准", "/通知 准 1", "/通知 1", "/通知"},
		string(config.RoleAdmin):      {"/投递", "/绑定", "/帮助"},
	}
}
