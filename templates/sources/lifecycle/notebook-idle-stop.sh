# Stops the notebook instance when it has been idle for IDLE_MINUTES. Runs as root at each start of the instance.
set -eu
program=/opt/ml/notebook_idle_stop.py
cat >"${program}" <<'PYTHON'
# check
PYTHON
systemd-run --unit=notebook-idle-stop --on-active=5min --on-unit-active=5min \
  /usr/bin/env IDLE_MINUTES="${IDLE_MINUTES}" python3 "${program}"
