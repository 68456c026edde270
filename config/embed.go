package config

import (
	"embed"
	"io/fs"
)

//go:embed packs/*.yaml demo/*.yaml calendar/*.yaml template
var files embed.FS

// Starter returns the commented files with which a new configuration begins: bot.yaml,
// streets/example.yaml, secrets.env.example and README.md. Once secrets.env.example is
// filled in and renamed to secrets.env, Load accepts them.
func Starter() fs.FS { return builtin("template") }

func builtinPacks() fs.FS { return builtin("packs") }

func builtinYears() fs.FS { return builtin("calendar") }

func builtin(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil { // only if dir were no valid path
		panic(err)
	}
	return sub
}

// DemoStreet returns the demo street's file, for a configuration that is written out.
func DemoStreet() []byte {
	data, err := files.ReadFile("demo/demo.yaml")
	if err != nil { // it is embedded
		panic(err)
	}
	return data
}
