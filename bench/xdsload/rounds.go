package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// timeRounds writes one change after another, each once the one before has arrived everywhere, and fills in what they
// cost. Those of the warm-up are not counted.
func timeRounds(ctx context.Context, o options, k *cluster, f *fleet, r *report) {
	var arrivals, costs []float64
	var bytes0 int64
	var cpu0, cpu1 float64
	for i := -o.warmup; i < o.rounds; i++ {
		if i == 0 {
			bytes0, cpu0 = f.bytes.Load(), cpuSeconds(o.pid)
		}
		cpu1 = cpuSeconds(o.pid)
		token := fmt.Sprintf("probe-%d-%d", os.Getpid(), i+o.warmup)
		if o.change == "endpoint" {
			token = fmt.Sprintf("10.%d.%d.%d", 200+(i+o.warmup)%50, time.Now().UnixNano()/1e3%250, 1+time.Now().UnixNano()/1e6%250)
		}
		took, lost := oneRound(ctx, o, k, f, i+o.warmup, token)
		time.Sleep(o.pause)
		if i >= 0 {
			arrivals, costs = append(arrivals, took...), append(costs, cpuSeconds(o.pid)-cpu1)
			r.Lost += lost
		}
	}
	time.Sleep(2 * time.Second)
	r.P50Ms, r.P99Ms, r.MaxMs = quantile(arrivals, 0.5), quantile(arrivals, 0.99), quantile(arrivals, 1)
	r.RoundBytes = (f.bytes.Load() - bytes0) / int64(o.rounds)
	r.RoundCPU = (cpuSeconds(o.pid) - cpu0) / float64(o.rounds)
	r.RoundCPU50 = quantile(costs, 0.5)
}

// oneRound writes one change and waits until every sidecar has it, or for the time-out. Times are in milliseconds.
func oneRound(ctx context.Context, o options, k *cluster, f *fleet, round int, token string) (arrivals []float64, lost int) {
	arrived := f.expect([]byte(token))
	written := time.Now()
	k.change(ctx, round, token)
	deadline := time.After(o.timeout)
	for len(arrivals) < o.proxies {
		select {
		case at := <-arrived:
			arrivals = append(arrivals, ms(at.Sub(written)))
		case <-deadline:
			return arrivals, o.proxies - len(arrivals)
		}
	}
	return arrivals, 0
}
