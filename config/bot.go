package config

// Bot is bot.yaml: where the program listens, what it talks to, who it is.
type Bot struct {
	Listen      string // host:port for WeCom's callbacks
	AdminListen string // host:port for /metrics, /healthz and /readyz
	Redis       Redis
	SealKeysDir string // absolute, or relative to where we stand: folder of the master ring and the campaigns' data keys
	CAFile      string // PEM file for private deployments; "" = the system's roots
	Simulator   string // URL of a simulator on this machine whose clock rules; "" = the real thing
	WeCom       WeCom
}

// Redis says where the memory is. One address is a standalone server, Master names a
// Sentinel set, Cluster a cluster.
type Redis struct {
	Addrs    []string
	Username string
	Password Secret
	Master   string
	Cluster  bool
	TLS      bool
}

// WeCom is the platform: its addresses and our two accounts there.
type WeCom struct {
	APIBase string // https://qyapi.weixin.qq.com, or a private deployment's
	WSURL   string // wss://openws.work.weixin.qq.com, for Mode longconn
	Bot     BotAccount
	App     AppAccount
}

// The ways in which a bot account receives messages.
const (
	ModeCallback = "callback" // WeCom calls our URL; needs Token and AESKey
	ModeLongConn = "longconn" // we hold a web socket open; needs Secret
)

// BotAccount is the 智能机器人 that people mention in groups.
type BotAccount struct {
	ID, Name string // Name is what stands after the @
	Mode     string // ModeCallback or ModeLongConn
	Token    Secret
	AESKey   Secret // EncodingAESKey, 43 characters
	Secret   Secret // for ModeLongConn
	Path     string // of the callback, such as /wecom/bot
	Place    Place
}

// AppAccount is the 自建应用 that sends to single persons.
type AppAccount struct {
	CorpID  string // "" = no app: nothing can be sent 1:1 unasked
	AgentID int
	Secret  Secret
	Token   Secret
	AESKey  Secret // EncodingAESKey, 43 characters
	Path    string // of the callback, such as /wecom/app
	Place   Place
}
