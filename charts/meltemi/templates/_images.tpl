{{/*
Reference of an image; takes a dict of `image` (repository, tag, digest) and `root`. The hub goes in front of names that
begin with no registry, that is, with nothing that has a dot or a port in it.
*/}}
{{- define "meltemi.image" -}}
{{- $repository := .image.repository -}}
{{- $hub := (.root.Values.global).hub -}}
{{- if and $hub (not (regexMatch "^([^/]*[.:][^/]*|localhost)/" $repository)) -}}
{{- $repository = printf "%s/%s" $hub $repository -}}
{{- end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "meltemi.operatorImage" -}}
{{ include "meltemi.image" (dict "image" .Values.image "root" .) }}
{{- end }}

{{/* The operator's, unless something else is said. */}}
{{- define "meltemi.istiodImage" -}}
{{- with .Values.istiod.image -}}
{{- if or .repository .tag .digest -}}
{{- $image := dict "repository" (.repository | default $.Values.image.repository) "tag" .tag "digest" .digest -}}
{{ include "meltemi.image" (dict "image" $image "root" $) }}
{{- else -}}
{{ include "meltemi.operatorImage" $ }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "meltemi.proxyImage" -}}
{{ include "meltemi.image" (dict "image" .Values.proxy.image "root" .) }}
{{- end }}

{{/* Names of pull secrets, each once, with commas between; takes a dict of `own` and `root`. */}}
{{- define "meltemi.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (.own | default list) ((.root.Values.global).imagePullSecrets | default list) -}}
{{- $names = append $names .name -}}
{{- end -}}
{{ $names | uniq | join "," }}
{{- end }}
