package main

import (
	"os"

	"github.com/sallyport-id/sallyport/cmd/sallyport/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
