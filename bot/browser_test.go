package main

import (
	"strings"
	"testing"

	"juwei/bot/sim/pagetest"
	"juwei/store/storetest"
)

// A newcomer's five minutes, in a real browser: speak as a secretary, file the day's
// report in one line, move the clock to the next things that happen, and read the
// leaders' digest the next morning.
func TestChatPageTellsTheDay(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Mini(t), nil)
	page := pagetest.Open(t, "http://"+d.addr+"/?who=sj-meiyuan", 390)
	page.Click(`[data-chat="sj-meiyuan"]`)
	page.Type("日报　新返２，重点没有，新隔0，解1个，在隔八个，发热无，没联系上的11户")
	if receipt := page.WaitText("已收 R0213-01"); !strings.Contains(receipt, "在隔8(昨9+0−1=8 ✓)") {
		t.Errorf("receipt: %q", receipt)
	}
	page.Click("#next") // 15:30
	page.Wait(`#clock[datetime="2020-02-13T15:30:00+08:00"]`)
	page.Click("#next") // 16:30
	page.Wait(`#clock[datetime="2020-02-13T16:30:00+08:00"]`)
	page.Click("#next") // 17:15
	page.Wait(`#clock[datetime="2020-02-13T17:15:00+08:00"]`)
	for page.JS(`document.getElementById("clock").getAttribute("datetime")`) != "2020-02-14T07:30:00+08:00" {
		page.JS(`document.getElementById("clock").dataset.seen = document.getElementById("clock").getAttribute("datetime")`)
		page.Click("#next")
		page.JS(`new Promise(done => { const c = document.getElementById("clock"); const look = () => c.getAttribute("datetime") != c.dataset.seen ? done(1) : setTimeout(look, 10); look(); })`)
	}

	leader := pagetest.Open(t, "http://"+d.addr+"/?who=ld-shuji", 1200)
	leader.Click(`[data-chat="g-lingdao"]`)
	digest := leader.WaitText("晨报 2月14日")
	for _, want := range []string{"晨报 2月14日", "日报1/19", "新返2(−1)", "在隔8(−1)"} {
		if !strings.Contains(digest, want) {
			t.Errorf("the digest lacks %q: %q", want, digest)
		}
	}
}
