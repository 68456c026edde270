package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"juwei/config"
	"juwei/store/storetest"
)

// One transcript through `serve -config`: a simulator, a Redis and the bot, each a process
// of its own; on a standalone Redis and on a cluster.
func TestServeProcess(t *testing.T) {
	t.Parallel()
	needRedis(t)
	const file = "testdata/chat/serve.txtar"
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, storetest.StartTCP(t).Addr(), "2020-02-12T18:00", "")
		bot := s.serve()
		playThrough(t, file, s.player())
		bot.stop()
		s.audited("2020-02-13")
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		addrs := storetest.StartCluster(t)
		s := newSite(t, addrs[0], "2020-02-12T18:00", "redis: {addrs: ["+strings.Join(addrs, ", ")+"], cluster: true}")
		bot := s.serve()
		playThrough(t, file, s.player())
		bot.stop()
		s.audited("2020-02-13")
	})
}

// A stopped bot and its successor: what was due in between is made up for by policy, and
// nothing is repeated.
func TestRestartBetweenDuties(t *testing.T) {
	t.Parallel()
	needRedis(t)
	s := newSite(t, storetest.StartTCP(t).Addr(), "2020-02-13T15:00", "")
	s.serve().stop()
	p := s.player()
	post := func(to string) { postQuietly(s.base, "/sim/clock", map[string]string{"set": to}) }
	post("2020-02-14T09:00:00+08:00") // nobody is there: the house does not answer
	s.serve()
	post("2020-02-14T09:00:01+08:00")
	said := map[string]int{}
	for _, m := range p.messages(0) {
		if !strings.HasPrefix(m.Chat, "app:") {
			said[firstLine(m.Text)]++
		}
	}
	if len(said) != 3 || said["【晨报 2月14日】疫情防控"] != 1 {
		t.Errorf("after the stop the groups heard %v", said)
	}
}

// Two bots as processes on one long connection: the one that holds it is killed, and the
// other answers within seconds.
func TestKillTheHolder(t *testing.T) {
	t.Parallel()
	needRedis(t)
	s := newSite(t, storetest.StartTCP(t).Addr(), "2020-02-13T15:00", "")
	s.rewrite(func(yaml string) string { return strings.Replace(yaml, "mode: callback", "mode: longconn", 1) })
	holder := s.serve()
	holder.printed("long connection subscribed")
	next := s.serve()
	p := s.player()
	p.send("sj-meiyuan", "sj-meiyuan", unitReport(1), "", "")
	if next.find("long connection subscribed") != "" {
		t.Fatal("two hold the line")
	}
	holder.kill()
	killed := time.Now()
	next.printed("long connection subscribed")
	t.Logf("the next holds the line %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	p.send("sj-wenyuan", "sj-wenyuan", unitReport(2), "", "")
	third := s.serve()
	next.stop()
	third.printed("long connection subscribed")
	p.send("sj-zhanqian", "sj-zhanqian", unitReport(3), "", "")
	for _, who := range []string{"sj-meiyuan", "sj-wenyuan", "sj-zhanqian"} {
		until(t, who+" hears", func() bool { return len(answers(p, who)) > 0 })
		if got := answers(p, who); len(got) != 1 {
			t.Errorf("%s heard %q", who, got)
		}
	}
}

// A Redis with a replica and a Sentinel: the master dies in the middle of a day. What was
// acknowledged before is there, people are answered again within seconds, and the next
// morning's digest counts everybody.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	needRedis(t)
	master, kill := redisProcess(t)
	follower, _ := redisProcess(t, "--replicaof", "127.0.0.1", portOf(master))
	conf := filepath.Join(memory(t), "sentinel.conf")
	if err := os.WriteFile(conf, []byte("sentinel monitor main 127.0.0.1 "+portOf(master)+" 1\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel, _ := redisProcess(t, conf, "--sentinel")

	s := newSite(t, master, "2020-02-13T15:00", "redis: {addrs: ["+sentinel+"], master: main}")
	rdb := redis.NewClient(&redis.Options{Addr: master})
	t.Cleanup(func() { rdb.Close() })
	until(t, "the follower follows", func() bool {
		info, err := rdb.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "state=online")
	})
	watch := redis.NewSentinelClient(&redis.Options{Addr: sentinel})
	t.Cleanup(func() { watch.Close() })
	until(t, "the sentinel knows the follower", func() bool {
		list, err := watch.Replicas(t.Context(), "main").Result()
		return err == nil && len(list) == 1 && list[0]["flags"] == "slave"
	})
	s.serve()
	p := s.player()
	units := s.cfg.Streets[0].Committees
	reportAll := func(from, to int) {
		for i := from; i < to; i++ {
			who := s.secretary(units[i].Name)
			msg := map[string]any{"chat": who, "from": who, "text": unitReport(i), "msgid": "m-" + who}
			until(t, who+" is answered", func() bool {
				_, body := postQuietly(s.base, "/sim/send", msg)
				return bytes.Contains(body, []byte("R0213"))
			})
		}
	}
	reportAll(0, 8)
	// WAIT speaks of what its own connection wrote, and so of all that was written before.
	conn := rdb.Conn()
	defer conn.Close()
	if err := conn.Set(t.Context(), "written", "last", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Wait(t.Context(), 1, 10*time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("replicas that have everything: %d, %v", n, err)
	}
	kill()
	killed := time.Now()
	reportAll(8, 9)
	t.Logf("answered again %s after the master's death", time.Since(killed).Round(100*time.Millisecond))
	reportAll(9, 16)
	if addr, err := watch.GetMasterAddrByName(t.Context(), "main").Result(); err != nil || net.JoinHostPort(addr[0], addr[1]) != follower {
		t.Errorf("the master is %v, %v", addr, err)
	}
	p.clock("2020-02-14 07:31")
	st := s.open()
	if got := stored(t, st, "demo", "2020-02-13"); len(got) != 16 {
		t.Errorf("%d of 16 reports are stored", len(got))
	}
	digest := ""
	for _, m := range p.messages(0) {
		if m.Chat == "g-lingdao" && m.Via != "person" {
			digest += m.Text
		}
	}
	if !strings.Contains(digest, "日报16/19") {
		t.Errorf("the digest says %q", digest)
	}
	s.audited("2020-02-13")
}

// A backup of Redis and the keys, taken apart, bring back what was there when it was taken.
// The clock has gone on: the newest slot of each duty that must be made up for is done
// again, as after a stop; nobody can know that it had been said.
func TestRestoreFromBackup(t *testing.T) {
	t.Parallel()
	needRedis(t)
	addr, kill := redisProcess(t)
	s := newSite(t, addr, "2020-02-13T15:00", "")
	bot := s.serve()
	p := s.player()
	report := func(unit string, n int) {
		p.send(unit, unit, unitReport(n), "", "")
	}
	report("sj-meiyuan", 1)
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { rdb.Close() })
	if err := rdb.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	dir, err := rdb.ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	backup := t.TempDir()
	copyFile(t, filepath.Join(dir["dir"], "dump.rdb"), filepath.Join(backup, "dump.rdb"))
	report("sj-wenyuan", 2) // after the backup: lost with the machine
	p.clock("2020-02-14 08:00")
	bot.kill()
	kill()

	addr, _ = redisProcess(t, "--dir", backup)
	s.rewrite(func(yaml string) string { return strings.Replace(yaml, s.cfg.Bot.Redis.Addrs[0], addr, 1) })
	var problems config.Problems
	if s.cfg, problems = config.Load(s.dir, known()); s.cfg == nil {
		t.Fatal(problems)
	}
	s.serve()
	p.clock("2020-02-14 08:01")
	if got := stored(t, s.open(), "demo", "2020-02-13"); len(got) != 1 || got["梅园"] != 1 {
		t.Errorf("the backup brought back %v", got)
	}
	s.audited("2020-02-13")
	said := map[string]int{}
	for _, m := range p.messages(0) {
		if m.Chat == "g-lingdao" {
			said[firstLine(m.Text)]++
		}
	}
	if said["【晨报 2月14日】疫情防控"] != 2 {
		t.Errorf("the leaders heard %v", said)
	}
}
