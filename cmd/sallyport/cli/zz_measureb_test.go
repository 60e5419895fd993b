package cli
import ("testing";"github.com/sallyport-id/sallyport/test/targets";"os";"context")
func TestMeasureB(t *testing.T){ url:=targets.PostgresAlone(t).URL("")
_ = context.Background
 code:=Main([]string{"bench","import","--target",url,"--rounds","5"},nil,os.Stdout,os.Stderr); t.Log(code)
 code=Main([]string{"bench","export","--target",url,"--rounds","5"},nil,os.Stdout,os.Stderr); t.Log(code)
 code=Main([]string{"bench","export","--target",url,"--rounds","5","--connections","8"},nil,os.Stdout,os.Stderr); t.Log(code)}
