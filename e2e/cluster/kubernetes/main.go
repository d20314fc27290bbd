// Command kube holds all of Kubernetes that a local cluster runs, and kubectl, in one binary: they share most of their
// code, so one is a third of the size and of the build time of six. Which one runs is said by the first argument
// ("kube kubelet --config=...") or by the name of the link through which it is called.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Commands are made on demand, since making one already registers flags and metrics in process-wide tables.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
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

func names() string {
	all := make([]string, 0, len(components))
	for name := range components {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func main() {
	name, args := choose(os.Args)
	if name == "" {
		fmt.Fprintf(os.Stderr, "kube: the first argument must be one of %s\n", names())
		os.Exit(2)
	}
	os.Args = args
	if name == "kubectl" {
		// kubectl prints its own errors, in its users' words, and picks its own exit codes.
		kubectlutil.CheckErr(cli.RunNoErrOutput(components[name]()))
		return
	}
	os.Exit(cli.Run(components[name]()))
}
