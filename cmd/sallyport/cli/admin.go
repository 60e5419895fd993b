package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport-id/sallyport/fault"
)

// adminCommands are the ones that speak to a running service.
func adminCommands(e *env) []*cobra.Command {
	cmds := []*cobra.Command{
		loginCommand(e), logoutCommand(e), whoamiCommand(e), accessCommand(e),
		directoryCommand(e), usersCommand(e), groupsCommand(e), appCommand(e), jobCommand(e),
		journalCommand(e), explainCommand(e), agentsCommand(e),
		planCommand(e), undoCommand(e), replayCommand(e), provenanceCommand(e), driftCommand(e), notifyCommand(e),
	}
	for _, c := range cmds {
		e.linkFlags(c)
	}
	return append(cmds, auditCommand(e))
}

// askSecret reads a secret without showing it; from a pipe it reads one line.
func (e *env) askSecret(prompt string) (string, error) {
	if f, ok := e.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(e.err, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(e.err)
		return strings.TrimSpace(string(text)), fault.Wrap(fault.Invalid, "read the secret", err)
	}
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", fault.New(fault.Invalid, "read the secret", "there is none: %w", err).WithHint("pipe it in, or name a file with --token-file")
	}
	return line, nil
}
