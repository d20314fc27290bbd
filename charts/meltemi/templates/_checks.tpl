{{/* Refuses values that contradict each other, each of which is fine alone. What is wrong by itself is in the schema. */}}
{{- define "meltemi.checks" -}}
{{- $reserved := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/component" "app.kubernetes.io/part-of" "app.kubernetes.io/managed-by" "helm.sh/chart" -}}
{{- range $value := list "commonLabels" "podLabels" -}}
{{- range $key, $_ := index $.Values $value -}}
{{- if has $key $reserved -}}
{{- fail (printf "\n%s must not set %s, which is the chart's own." $value $key) -}}
{{- end -}}
{{- if eq $key "sidecar.istio.io/inject" -}}
{{- fail (printf "\n%s must not set sidecar.istio.io/inject: the operator runs without a sidecar, which would need the mesh that it is to bring up." $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "meltemi.checkAvailability" . -}}
{{- include "meltemi.checkIdentity" . -}}
{{- include "meltemi.checkMetrics" . -}}
{{- include "meltemi.checkExtras" . -}}
{{- end }}

{{- define "meltemi.checkAvailability" -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and (ne (toString .minAvailable) "") (ne (toString .maxUnavailable) "") -}}
{{- fail "\npodDisruptionBudget has both minAvailable and maxUnavailable; Kubernetes takes one of them." -}}
{{- end -}}
{{- if and .enabled (gt (int $.Values.replicas) 1) -}}
{{- $keepsAll := or (eq (toString .minAvailable) "100%") (has (toString .maxUnavailable) (list "0" "0%")) -}}
{{- if and (regexMatch "^[0-9]+$" (toString .minAvailable)) (ge (int .minAvailable) (int $.Values.replicas)) -}}
{{- $keepsAll = true -}}
{{- end -}}
{{- if $keepsAll -}}
{{- fail (printf "\npodDisruptionBudget lets none of the %d replicas go, so that no node with one of them could ever be drained." (int $.Values.replicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.updateStrategy -}}
{{- if and (eq .type "Recreate") .rollingUpdate -}}
{{- fail "\nupdateStrategy.type is Recreate: set updateStrategy.rollingUpdate to null." -}}
{{- end -}}
{{- if eq .type "RollingUpdate" -}}
{{- with .rollingUpdate -}}
{{- if and (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) -}}
{{- fail "\nupdateStrategy.rollingUpdate has maxSurge and maxUnavailable 0: no pod could ever be replaced." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "meltemi.checkIdentity" -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "\nserviceAccount.create is false: name the ServiceAccount that is there in serviceAccount.name." -}}
{{- end -}}
{{- if not .Values.automountServiceAccountToken -}}
{{- $mounted := false -}}
{{- range .Values.extraVolumeMounts -}}
{{- if eq (trimSuffix "/" .mountPath) "/var/run/secrets/kubernetes.io/serviceaccount" -}}
{{- $mounted = true -}}
{{- end -}}
{{- end -}}
{{- if not $mounted -}}
{{- fail "\nautomountServiceAccountToken is false: mount a token, ca.crt and namespace at /var/run/secrets/kubernetes.io/serviceaccount by extraVolumes and extraVolumeMounts; the operator cannot reach the API server without." -}}
{{- end -}}
{{- end -}}
{{- range $value := list "podSecurityContext" "securityContext" -}}
{{- with index $.Values $value -}}
{{- if and .runAsNonRoot (eq (toString .runAsUser) "0") -}}
{{- fail (printf "\n%s has runAsNonRoot and runAsUser 0, which is root." $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "meltemi.checkMetrics" -}}
{{- with .Values.metrics -}}
{{- if and .serviceMonitor.enabled (not .service.enabled) -}}
{{- fail "\nmetrics.serviceMonitor.enabled needs metrics.service.enabled: Prometheus finds the operator by that Service." -}}
{{- end -}}
{{- $known := list -}}
{{- range ($.Files.Get "files/alerts.yaml" | fromYaml).groups -}}
{{- range .rules -}}
{{- $known = append $known .alert -}}
{{- end -}}
{{- end -}}
{{- range .prometheusRule.disabled -}}
{{- if not (has . $known) -}}
{{- fail (printf "\nmetrics.prometheusRule.disabled: there is no alert %s; there are %s." . (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .prometheusRule.alertLabels -}}
{{- if eq $key "severity" -}}
{{- fail "\nmetrics.prometheusRule.alertLabels must not set severity, which each alert has of its own." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Of what is set twice, the operator or Kubernetes would take the last one without a word. */}}
{{- define "meltemi.checkExtras" -}}
{{- $values := dict "namespace" "the namespace of the release" "metrics-address" "nothing, the port is fixed" "health-address" "nothing, the port is fixed" "webhook-address" "nothing, the port is fixed" "webhook-service" "webhook" "leader-elect" "nothing, replicas need it" "no-leader-elect" "nothing, replicas need it" "log-level" "logLevel" "log-format" "logFormat" "istiod-image" "istiod.image" "proxy-image" "proxy.image" "istiod-pull-secrets" "istiod.imagePullSecrets" "proxy-pull-secrets" "proxy.imagePullSecrets" "mesh-namespaces" "meshNamespaces" -}}
{{- range .Values.extraArgs -}}
{{- $flag := regexReplaceAll "=.*$" . "" | trimPrefix "--" -}}
{{- if hasKey $values $flag -}}
{{- fail (printf "\nextraArgs must not have --%s, which the chart sets; use instead: %s." $flag (index $values $flag)) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if eq .name "POD_NAME" -}}
{{- fail "\nextraEnv must not set POD_NAME, which the chart sets." -}}
{{- end -}}
{{- end -}}
{{- $volumes := list -}}
{{- range .Values.extraVolumes -}}
{{- $volumes = append $volumes .name -}}
{{- end -}}
{{- range .Values.extraVolumeMounts -}}
{{- if not (has .name $volumes) -}}
{{- fail (printf "\nextraVolumeMounts: there is no volume %s in extraVolumes." .name) -}}
{{- end -}}
{{- end -}}
{{- end }}
