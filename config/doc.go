// Package config turns what the office writes into checked Go values.
//
// In: a folder with bot.yaml, streets/*.yaml, packs/*.yaml and secrets.env, or the
// demo street and the packs that are built in. Out: a *Config that can be trusted, or
// every mistake at once, each with its file, line, column and the way to mend it.
//
// Start with config.go (the values), then pack.go, form.go, field.go and street.go (what they
// hold), then load.go (how they are read). period.go knows when a form is due, admit.go what
// is asked already. syntax.go finds out why a file is no YAML, reader.go walks
// it, read_*.go give each file its shape, check_*.go hold the rules between values;
// expr.go, derive.go and parse.go are the little language of a form's checks and sums.
//
// It imports the standard library, yaml.v3 and cron's parser, and nothing of ours. It
// never asks the clock, and after loading nothing in a Config changes.
package config
