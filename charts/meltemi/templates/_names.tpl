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
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: meltemi
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Reference of an image; takes a dict of `image` and `chart`. */}}
{{- define "meltemi.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .chart.AppVersion }}
{{- end -}}
{{- end }}
