// caload measures the certificate service of a mesh (istio.v1.auth.IstioCertificateService) from the outside.
//
// Many callers send signing requests over TLS, each with a projected service account token; every answer is timed, and
// its certificates are verified: the chain, the name, the key. It knows nothing of the server but the protocol, so that two
// of them can be measured on the same work.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"time"
)

type options struct {
	addr, serverName, rootFile, callersFile, key string
	connections, requests, warmup, pid, waveSize int
	waveEvery                                    time.Duration
}

// report is what one run prints: times in milliseconds, CPU of the server's process, memory in MiB.
type report struct {
	Key          string  `json:"key"`
	Tokens       int     `json:"tokens"`
	Connections  int     `json:"callers"`
	Requests     int     `json:"requests"`
	Failed       int     `json:"failed"`
	FirstFailure string  `json:"firstFailure,omitempty"`
	Seconds      float64 `json:"seconds"`
	PerSecond    float64 `json:"certificatesPerSecond"`
	P50Ms        float64 `json:"p50Ms"`
	P99Ms        float64 `json:"p99Ms"`
	MaxMs        float64 `json:"maxMs"`
	CPUMs        float64 `json:"serverCpuMsPerCertificate"`
	PeakRSS      float64 `json:"serverRssPeakMiB"`
	Waves        int     `json:"waves,omitempty"`
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:15012", "TLS address of the certificate service")
	flag.StringVar(&o.serverName, "server-name", "istiod.istio-system.svc", "name that the server's certificate must have")
	flag.StringVar(&o.rootFile, "root", "", "file of the trusted root certificates (PEM)")
	flag.StringVar(&o.callersFile, "tokens", "", "file with a line for each caller: SPIFFE id, space, token of audience istio-ca")
	flag.StringVar(&o.key, "key", "ecdsa", "key of the requests: ecdsa (P-256) or rsa (2048)")
	flag.IntVar(&o.connections, "callers", 32, "callers at once, each with a connection of its own; tokens go round among requests")
	flag.IntVar(&o.requests, "requests", 2000, "requests in all that are timed")
	flag.IntVar(&o.warmup, "warmup", 0, "requests before those that are timed")
	flag.IntVar(&o.pid, "pid", 0, "the server's process id, for its CPU and memory (0: not measured)")
	flag.DurationVar(&o.waveEvery, "wave-every", 0, "instead, until SIGTERM, at this interval so many ask at once, each over a new connection (0: no waves)")
	flag.IntVar(&o.waveSize, "wave-size", 500, "callers of a wave; the next wave is of the next tokens")
	flag.Parse()
	log.SetFlags(log.Ltime)

	w, err := newWork(o)
	if err != nil {
		log.Fatal(err)
	}
	r := report{Key: o.key, Tokens: len(w.callers)}
	var times []float64
	forgetPeak(o.pid)
	if o.waveEvery > 0 {
		times = w.waves(&r)
	} else {
		times = w.steady(&r)
	}
	r.Requests, r.Failed = len(times), int(w.failed.Load())
	if f := w.firstFailure.Load(); f != nil {
		r.FirstFailure = *f
	}
	r.P50Ms, r.P99Ms, r.MaxMs = quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)
	_, r.PeakRSS = rss(o.pid)
	out, _ := json.MarshalIndent(r, "", "  ")
	fmt.Println(string(out))
	if r.Failed > 0 {
		os.Exit(1)
	}
}
