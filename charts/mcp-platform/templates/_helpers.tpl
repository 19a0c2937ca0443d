{{- define "mcp-platform.labels" -}}
app.kubernetes.io/name: mcp-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: mcp-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "mcp-platform.selector" -}}
app.kubernetes.io/name: mcp-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* The ClusterRole the operator binds to itself in each tenant's namespace, and in no other. */ -}}
{{- define "mcp-platform.tenantRole" -}}
mcp-platform-tenant
{{- end -}}

{{- /* A map as NAME=VALUE,NAME=VALUE, in the order of its names. */ -}}
{{- define "mcp-platform.pairs" -}}
{{- $pairs := list -}}
{{- range $name, $value := . -}}{{- $pairs = append $pairs (printf "%s=%s" $name $value) -}}{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- /* Hosts by agency as AGENCY=HOST,AGENCY=HOST. */ -}}
{{- define "mcp-platform.hosts" -}}
{{- $pairs := list -}}
{{- range $agency, $hosts := . -}}
{{- range $host := $hosts -}}{{- $pairs = append $pairs (printf "%s=%s" $agency $host) -}}{{- end -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- /* Hosts by agency as a map in CEL. Agencies without hosts are in it, so that its values have a type. */ -}}
{{- define "mcp-platform.hostsCel" -}}
{{- $entries := list -}}
{{- $hosts := .Values.routes.hosts -}}
{{- range $agency := .Values.agencies -}}
{{- $list := list "''" -}}
{{- range $host := (get $hosts $agency) | default list -}}{{- $list = append $list (printf "'%s'" $host) -}}{{- end -}}
{{- $entries = append $entries (printf "'%s': [%s].filter(h, h != '')" $agency (join ", " $list)) -}}
{{- end -}}
{{- printf "{%s}" (join ", " $entries) -}}
{{- end -}}
