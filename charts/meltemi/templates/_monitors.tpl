{{/* How a target is scraped; takes a `metrics.…Monitor` value. */}}
{{- define "meltemi.scrape" -}}
{{- $settings := dict -}}
{{- range $name := list "interval" "scrapeTimeout" "relabelings" "metricRelabelings" -}}
{{- with index $ $name -}}
{{- $_ := set $settings $name . -}}
{{- end -}}
{{- end -}}
{{- with $settings -}}
{{- toYaml . -}}
{{- end -}}
{{- end }}
