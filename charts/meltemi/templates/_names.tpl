{{/* Name of every namespaced object: the release's, with what it is behind it. */}}
{{- define "meltemi.name" -}}
{{ printf "%s-operator" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of cluster-wide objects: two releases in two namespaces never meet. */}}
{{- define "meltemi.clusterName" -}}
{{ printf "%s-operator.%s" .Release.Name .Release.Namespace }}
{{- end }}

{{- define "meltemi.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "meltemi.name" .) }}
{{- end }}

{{/* What selects the operator's pods; never changes for a release. */}}
{{- define "meltemi.selectorLabels" -}}
app.kubernetes.io/name: meltemi-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "meltemi.labels" -}}
{{ include "meltemi.selectorLabels" . }}
{{ include "meltemi.releaseLabels" . }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Of what is no part of the operator itself. */}}
{{- define "meltemi.releaseLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: meltemi
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Everything below `metadata:` but the name. Takes a dict of `root` and, where there are any, of further `labels` and
`annotations`, of `namespace` for another than the release's, and of `clusterWide` for what has none.
*/}}
{{- define "meltemi.metadata" -}}
{{- if not .clusterWide -}}
namespace: {{ .namespace | default .root.Release.Namespace }}
{{ end -}}
labels:
  {{- merge (dict) (.labels | default dict) (include "meltemi.labels" .root | fromYaml) | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Of the pod of `helm test`. */}}
{{- define "meltemi.testLabels" -}}
app.kubernetes.io/name: meltemi-operator-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of the pod that guards `helm uninstall`. */}}
{{- define "meltemi.guardLabels" -}}
app.kubernetes.io/name: meltemi-operator-uninstall-guard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Images of earlier releases, as the operator's flag --release-images takes them: VERSION:istiod=IMAGE,… */}}
{{- define "meltemi.releaseImages" -}}
{{- $images := list }}
{{- range $version, $of := .Values.releaseImages }}
{{- range $part, $image := $of }}
{{- $images = append $images (printf "%s:%s=%s" $version $part $image) }}
{{- end }}
{{- end }}
{{- join "," $images }}
{{- end }}
