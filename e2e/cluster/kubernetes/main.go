// Command kube holds all of Kubernetes that a local cluster runs, kubectl and CoreDNS in one binary: they share most of
// their code, so one takes a fraction of the size and of the build time of seven. Which one runs is said by the first
// argument ("kube kubelet --config=...") or by the name of the link through which it is called.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coredns/coredns/coremain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// No more of CoreDNS than a local cluster's DNS needs: all of it pulls in the libraries of several clouds.
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

// What runs for each name, and gives the exit code. Commands are made on demand, since making one already registers
// flags and metrics in process-wide tables.
var components = map[string]func() int{
	"coredns":                 func() int { coremain.Run(); return 0 },
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-proxy":              func() int { return cli.Run(proxy.NewProxyCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 runKubectl,
	"kubelet":                 func() int { return cli.Run(kubelet.NewKubeletCommand(context.Background())) },
}

// kubectl prints its own errors, in its users' words, and picks its own exit codes.
func runKubectl() int {
	kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	return 0
}

// choose takes the component's name off the arguments, unless the program was called by that name.
func choose(args []string) (string, []string) {
	if called := filepath.Base(args[0]); components[called] != nil {
		return called, args
	}
	if len(args) > 1 && components[args[1]] != nil {
		return args[1], args[1:]
	}
	return "", args
}

func main() {
	name, args := choose(os.Args)
	if name == "" {
		known := slices.Sorted(maps.Keys(components))
		fmt.Fprintf(os.Stderr, "kube: the first argument must be one of %s\n", strings.Join(known, ", "))
		os.Exit(2)
	}
	os.Args = args
	os.Exit(components[name]())
}
