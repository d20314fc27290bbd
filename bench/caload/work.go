package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	security "istio.io/api/security/v1alpha1"
)

// caller is one workload: who it is, and what it proves that with.
type caller struct{ identity, token string }

type work struct {
	options
	callers      []caller
	order        order
	roots        *x509.CertPool
	failed       atomic.Int64
	firstFailure atomic.Pointer[string]
}

func newWork(o options) (*work, error) {
	w := &work{options: o, roots: x509.NewCertPool()}
	pem, err := os.ReadFile(o.rootFile)
	if err != nil {
		return nil, err
	}
	if !w.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", o.rootFile)
	}
	text, err := os.ReadFile(o.callersFile)
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		identity, token, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("%s: a line is not a SPIFFE id and a token", o.callersFile)
		}
		w.callers = append(w.callers, caller{identity, token})
	}
	w.order, err = newOrder(o.key)
	return w, err
}

func (w *work) dial() *grpc.ClientConn {
	tls := credentials.NewTLS(&tls.Config{RootCAs: w.roots, ServerName: w.serverName})
	conn, err := grpc.NewClient(w.addr, grpc.WithTransportCredentials(tls))
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

// ask orders a certificate and returns how long that took, milliseconds.
func (w *work) ask(conn *grpc.ClientConn, c caller) float64 {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+c.token, "clusterid", "Kubernetes")
	request := &security.IstioCertificateRequest{Csr: w.order.csr, ValidityDuration: 3600}
	start := time.Now()
	answer, err := security.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
	took := ms(time.Since(start))
	if err == nil {
		err = w.order.check(answer.CertChain, w.roots, c.identity)
	}
	if err != nil {
		w.failed.Add(1)
		what := err.Error()
		w.firstFailure.CompareAndSwap(nil, &what)
	}
	return took
}

// connected waits for the connection to be there.
func connected(conn *grpc.ClientConn) {
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		conn.WaitForStateChange(context.Background(), state)
	}
}

// steady has callers ask one after another, as fast as they are answered, over connections that are there before.
func (w *work) steady(r *report) []float64 {
	conns := make([]*grpc.ClientConn, w.connections)
	for i := range conns {
		conns[i] = w.dial()
		defer conns[i].Close()
	}
	for _, conn := range conns {
		connected(conn)
	}
	w.share(conns, w.warmup)
	cpu, start := cpuSeconds(w.pid), time.Now()
	times := w.share(conns, w.requests)
	r.Seconds = time.Since(start).Seconds()
	r.Connections = w.connections
	r.PerSecond = float64(len(times)) / r.Seconds
	r.CPUMs = (cpuSeconds(w.pid) - cpu) * 1000 / float64(len(times))
	return times
}

// share spreads so many requests over the connections; the tokens go round.
func (w *work) share(conns []*grpc.ClientConn, requests int) []float64 {
	times := make([]float64, requests)
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, conn := range conns {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < requests; i = int(next.Add(1)) - 1 {
				times[i] = w.ask(conn, w.callers[i%len(w.callers)])
			}
		})
	}
	wait.Wait()
	return times
}

// waves has many callers come at once, again and again until it is told to stop, each with a new connection, as pods do
// that start together.
func (w *work) waves(r *report) []float64 {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	var times []float64
	cpu, start := cpuSeconds(w.pid), time.Now()
	every := time.NewTicker(w.waveEvery)
	for stopped := false; !stopped; r.Waves++ {
		times = append(times, w.wave(r.Waves*w.waveSize)...)
		select {
		case <-stop:
			stopped = true
		case <-every.C:
		}
	}
	r.Seconds = time.Since(start).Seconds()
	r.Connections = w.waveSize
	r.PerSecond = float64(len(times)) / r.Seconds
	r.CPUMs = (cpuSeconds(w.pid) - cpu) * 1000 / float64(len(times))
	return times
}

// wave has the callers from the first on ask at once.
func (w *work) wave(first int) []float64 {
	took := make([]float64, w.waveSize)
	var wait sync.WaitGroup
	for i := range took {
		wait.Go(func() {
			start := time.Now()
			conn := w.dial()
			defer conn.Close()
			w.ask(conn, w.callers[(first+i)%len(w.callers)])
			took[i] = ms(time.Since(start))
		})
	}
	wait.Wait()
	return took
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
