package main

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"sort"
	"sync"
	"time"

	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
)

// storm is what a run of changes without a rest between them came to.
type storm struct {
	Services     int     `json:"services"`
	Writes       int     `json:"writes"`
	Seconds      float64 `json:"seconds"`
	WritesPerS   float64 `json:"writesPerSecond"`
	PushesPerS   float64 `json:"pushesPerSecondPerSidecar"` // mean over sidecars and the storm's time
	PushesMax    int     `json:"pushesInOneSecondMax"`      // of any sidecar, in any second
	NewestMs     float64 `json:"newestEverywhereAfterMs"`   // from the last write's answer to the last sidecar
	Behind       int     `json:"sidecarsWithoutNewest"`     // after the time-out
	CPU          float64 `json:"serverCpuS"`                // from the first write until all have the newest state
	CPUPerSecond float64 `json:"serverCpuSPerSecond"`       // the same, for each second of it
	PeakRSS      float64 `json:"serverRssPeakMiB"`          // during the storm
	Bytes        int64   `json:"bytes"`                     // of resources, to all sidecars
}

// stormAddress is the endpoint that the storm's n-th write puts into a service; n counts from 1.
func stormAddress(n int) string {
	return fmt.Sprintf("10.%d.%d.%d", 200+n>>16, n>>8&255, n&255)
}

// stormNumber is the write that an assignment comes from, 0 for one without a storm's endpoint.
func stormNumber(c *endpointv3.ClusterLoadAssignment) int {
	for _, locality := range c.Endpoints {
		for _, e := range locality.LbEndpoints {
			a, err := netip.ParseAddr(e.GetEndpoint().GetAddress().GetSocketAddress().GetAddress())
			if err != nil || !a.Is4() {
				continue
			}
			if b := a.As4(); b[0] == 10 && b[1] >= 200 {
				return int(b[1]-200)<<16 | int(b[2])<<8 | int(b[3])
			}
		}
	}
	return 0
}

// stormWatch is what one sidecar notes of a storm.
type stormWatch struct {
	mu        sync.Mutex
	on        bool
	responses []time.Time
	numbers   map[string]int // of each cluster, the write whose endpoint came last
	changedAt time.Time
}

func (w *stormWatch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on, w.responses, w.numbers = true, nil, map[string]int{}
}

func (w *stormWatch) response() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		w.responses = append(w.responses, time.Now())
	}
}

func (w *stormWatch) saw(cluster string, number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		w.numbers[cluster], w.changedAt = number, time.Now()
	}
}

func (w *stormWatch) has(newest map[string]int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for cluster, number := range newest {
		if w.numbers[cluster] != number {
			return false
		}
	}
	return true
}

// blow writes endpoint changes at the wanted rate, or as fast as the API server takes them, and waits until every
// sidecar has the newest state. Each service has one writer, so that it is known which write is its last.
func blow(ctx context.Context, o options, k *cluster, f *fleet) (storm, error) {
	spread := o.stormServices
	if spread == 0 || spread > o.services {
		spread = o.services
	}
	for _, s := range f.sidecars {
		s.watch.start()
	}
	forgetPeak(o.pid)
	cpu0, bytes0, start := cpuSeconds(o.pid), f.bytes.Load(), time.Now()
	newest, writes := writeStorm(ctx, o, k, spread)
	ended := time.Now()
	log.Printf("%d writes to %d services in %.1f s", writes, spread, ended.Sub(start).Seconds())
	behind := waitNewest(o, f, newest)

	r := storm{Services: spread, Writes: writes, Seconds: ended.Sub(start).Seconds(), Behind: behind}
	last, responses := ended, 0
	for _, s := range f.sidecars {
		s.watch.mu.Lock()
		if s.watch.changedAt.After(last) {
			last = s.watch.changedAt
		}
		r.PushesMax = max(r.PushesMax, mostInOneSecond(s.watch.responses))
		responses += len(s.watch.responses)
		s.watch.mu.Unlock()
	}
	whole := last.Sub(start).Seconds()
	r.CPU, r.Bytes = cpuSeconds(o.pid)-cpu0, f.bytes.Load()-bytes0
	r.CPUPerSecond = r.CPU / whole
	r.WritesPerS = float64(writes) / r.Seconds
	r.PushesPerS = float64(responses) / float64(len(f.sidecars)) / whole
	r.NewestMs = ms(last.Sub(ended))
	_, r.PeakRSS = rss(o.pid)
	if behind > 0 {
		return r, fmt.Errorf("%d sidecars do not have the newest state %s after the storm", behind, o.timeout)
	}
	return r, nil
}

// writeStorm returns, for each cluster that changed, the number of its last write, and how many writes there were.
func writeStorm(ctx context.Context, o options, k *cluster, spread int) (map[string]int, int) {
	writers := min(64, spread)
	numbers := make([]int, spread) // each touched by one writer alone
	tickets := make([]chan int, writers)
	var wg sync.WaitGroup
	for w := range tickets {
		tickets[w] = make(chan int, 1)
		wg.Add(1)
		go func() {
			defer wg.Done()
			service := w
			for n := range tickets[w] {
				k.putEndpoint(ctx, service, stormAddress(n))
				numbers[service] = n
				if service += writers; service >= spread {
					service = w
				}
			}
		}()
	}
	writes := handOut(o, tickets)
	wg.Wait()
	newest := map[string]int{}
	for service, n := range numbers {
		if n > 0 {
			newest[o.clusterName(service)] = n
		}
	}
	return newest, writes
}

// handOut gives the writers their turns at the wanted rate; a turn that no writer is free for waits, and those that
// would come too late are left out.
func handOut(o options, tickets []chan int) int {
	defer func() {
		for _, t := range tickets {
			close(t)
		}
	}()
	n, start := 0, time.Now()
	for time.Since(start) < o.stormFor {
		due := min(int(time.Since(start).Seconds()*float64(o.stormRate)), n+len(tickets))
		for n < due {
			n++
			select {
			case tickets[n%len(tickets)] <- n:
			case <-time.After(time.Until(start.Add(o.stormFor))):
				return n - 1
			}
		}
		time.Sleep(time.Millisecond)
	}
	return n
}

func waitNewest(o options, f *fleet, newest map[string]int) (behind int) {
	deadline := time.Now().Add(o.timeout)
	for _, s := range f.sidecars {
		for !s.watch.has(newest) {
			if time.Now().After(deadline) {
				behind++
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	return behind
}

func mostInOneSecond(times []time.Time) (most int) {
	sort.Slice(times, func(i, j int) bool { return times[i].Before(times[j]) })
	from := 0
	for to := range times {
		for times[to].Sub(times[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}
