package targets

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/fault"
)

var sharedSamba = sync.OnceValues(func() (*LDAP, error) { return startSamba(context.Background()) })

// Samba gives the test a container of its own in a Samba that is the domain controller of an Active Directory and that this test
// process shares: writes are not synced to disk.
func Samba(t testing.TB) (server *LDAP, container string) {
	t.Helper()
	return contained(t, sharedSamba)
}

// startSamba makes a domain and starts its controller on a loopback address of its own, since the ports of a controller are fixed.
func startSamba(ctx context.Context) (*LDAP, error) {
	samba, ok := find("samba")
	tool, has := find("samba-tool")
	if _, err := os.Stat("/usr/share/samba/setup/provision.ldif"); !ok || !has || err != nil {
		return nil, missing("Samba as a domain controller", "samba-ad-dc samba-ad-provision samba-dsdb-modules")
	}
	if os.Geteuid() != 0 {
		return nil, fault.New(fault.Unsupported, "start Samba", "a domain controller needs root").WithHint("run the tests as root, or in a container")
	}
	ip, err := loopback(88, 389, 464, 636)
	if err != nil {
		return nil, err
	}
	dir, err := folder("samba")
	if err != nil {
		return nil, err
	}
	l, err := prepareSamba(ctx, dir, samba, tool, ip)
	if err == nil {
		err = l.Start(ctx)
	}
	if err == nil {
		err = l.serviceAccount()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fault.Wrap(fault.Unavailable, "start Samba", err)
	}
	return l, nil
}

// loopback finds an address of this machine on which nobody listens at the ports.
func loopback(ports ...int) (string, error) {
	for n := range 200 {
		ip := fmt.Sprintf("127.%d.%d.%d", 64+os.Getpid()%128, 1+os.Getpid()/128%254, 2+n)
		free := true
		for _, p := range ports {
			c, err := net.Listen("tcp", fmt.Sprintf("%s:%d", ip, p))
			if err != nil {
				free = false
				break
			}
			c.Close()
		}
		if free {
			return ip, nil
		}
	}
	return "", fault.New(fault.Unsupported, "start Samba", "the ports %v are taken on every loopback address, or need root", ports)
}

const sambaPassword = "Passw0rd.123"

func prepareSamba(ctx context.Context, dir, samba, tool, ip string) (*LDAP, error) {
	cmd := exec.CommandContext(ctx, tool, "domain", "provision", "--targetdir="+dir, "--realm=AD.TEST", "--domain=ADTEST", "--server-role=dc",
		"--dns-backend=NONE", "--host-ip="+ip, "--host-name=dc1", "--option=interfaces="+ip+"/8", "--option=bind interfaces only=yes", "--option=ldb:nosync=true")
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "HOME=" + dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("samba-tool domain provision: %w: %s", err, out)
	}
	if err := certificates(dir, "dc1.ad.test"); err != nil {
		return nil, err
	}
	// the service's address is not 127.0.0.1: clients check the name instead
	l := &LDAP{URL: "ldap://" + ip, Secure: "ldaps://" + ip, ServerName: "localhost", CA: filepath.Join(dir, "ca.crt"), Suffix: "DC=ad,DC=test",
		Admin: "CN=Administrator,CN=Users,DC=ad,DC=test", Service: "CN=service,CN=Users,DC=ad,DC=test", Password: sambaPassword, dir: dir, temp: true}
	l.Kerberos = filepath.Join(dir, "client-krb5.conf")
	realm := fmt.Sprintf("[libdefaults]\n default_realm = AD.TEST\n dns_lookup_kdc = false\n dns_lookup_realm = false\n udp_preference_limit = 1\n[realms]\n AD.TEST = {\n  kdc = %s:88\n }\n[domain_realm]\n .ad.test = AD.TEST\n", ip)
	if err := os.WriteFile(l.Kerberos, []byte(realm), 0o644); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "etc", "smb.conf")
	text := strings.NewReplacer("$D", dir, "$IP", ip).Replace(sambaConf)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	for _, d := range []string{"log", "ncalrpc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(filepath.Join(dir, "private"), 0o700); err != nil {
		return nil, err
	}
	if err := l.setSambaPassword(ctx, tool, conf); err != nil {
		return nil, err
	}
	l.begin = func(l *LDAP) (*process, error) {
		return launch("", l.log(), l.folder(), samba, "-s", conf, "-F", "--no-process-group", "-M", "single")
	}
	return l, nil
}

// setSambaPassword lets passwords be changed as often as a test likes, and gives the administrator one by standard input, since
// arguments can be seen by everybody.
func (l *LDAP) setSambaPassword(ctx context.Context, tool, conf string) error {
	if err := l.sambaTool(ctx, tool, "", "domain", "passwordsettings", "set", "--min-pwd-age=0", "--history-length=0", "-s", conf); err != nil {
		return err
	}
	return l.sambaTool(ctx, tool, sambaPassword+"\n"+sambaPassword+"\n", "user", "setpassword", "Administrator", "-s", conf)
}

func (l *LDAP) sambaTool(ctx context.Context, tool, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "HOME=" + l.dir}
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("samba-tool %s: %w: %s", args[0], err, out)
	}
	return nil
}

// Script runs a shell script on the controller's machine as its administrator, with answer for each question after a password.
func (l *LDAP) Script(ctx context.Context, script, answer string) error {
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "HOME=" + l.dir, "SMB_CONF_PATH=" + filepath.Join(l.dir, "etc", "smb.conf")}
	cmd.Stdin = strings.NewReader(strings.Repeat(answer+"\n", 8))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

const sambaConf = `[global]
	workgroup = ADTEST
	realm = AD.TEST
	netbios name = DC1
	server role = active directory domain controller
	server services = ldap, kdc
	interfaces = $IP/8
	bind interfaces only = yes
	ldap server require strong auth = allow_sasl_over_tls
	tls enabled = yes
	tls certfile = $D/server.crt
	tls keyfile = $D/server.key
	tls cafile = $D/ca.crt
	ldb:nosync = true
	lock directory = $D
	state directory = $D/state
	cache directory = $D/cache
	private dir = $D/private
	binddns dir = $D/bind-dns
	pid directory = $D
	ncalrpc dir = $D/ncalrpc
	log file = $D/log/log.%m
	logging = file
`

// serviceAccount makes the ordinary account, for tests a member of the administrators.
func (l *LDAP) serviceAccount() error {
	c, err := l.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	r := ldap.NewAddRequest(l.Service, nil)
	r.Attribute("objectClass", []string{"user"})
	r.Attribute("sAMAccountName", []string{"service"})
	r.Attribute("userPrincipalName", []string{"service@ad.test"})
	r.Attribute("userAccountControl", []string{"512"})
	r.Attribute("unicodePwd", []string{quotedUTF16(l.Password)})
	if err := c.Add(r); err != nil {
		return err
	}
	names := ldap.NewModifyRequest("CN=DC1,OU=Domain Controllers,"+l.Suffix, nil) // which a controller with all its services registers itself
	names.Replace("servicePrincipalName", []string{"ldap/dc1.ad.test", "ldap/dc1.ad.test/ad.test", "HOST/dc1.ad.test", "HOST/DC1"})
	if err := c.Modify(names); err != nil {
		return err
	}
	gone := ldap.NewAddRequest("CN=gone,CN=Users,"+l.Suffix, nil) // a domain in which nothing was ever deleted shows nobody what may be seen
	gone.Attribute("objectClass", []string{"contact"})
	if err := c.Add(gone); err != nil {
		return err
	}
	if err := c.Del(ldap.NewDelRequest(gone.DN, nil)); err != nil {
		return err
	}
	m := ldap.NewModifyRequest("CN=Domain Admins,CN=Users,"+l.Suffix, nil)
	m.Add("member", []string{l.Service})
	return c.Modify(m)
}

func quotedUTF16(s string) string {
	var b strings.Builder
	for _, r := range `"` + s + `"` {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}
