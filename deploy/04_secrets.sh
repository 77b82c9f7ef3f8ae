#!/usr/bin/env bash
# Creates the secrets and lets the runner read them, or adds a value to one.
# A value comes from standard input, never from the command line, where `ps` and the shell's
# history would keep it.
#
# usage: deploy/04_secrets.sh [--dry-run]
#        deploy/04_secrets.sh hubspot-token   < file     a value: it is current from the next run on
#        deploy/04_secrets.sh smtp-url        < file     smtp://user:password@host:587
#        deploy/04_secrets.sh slack-webhook   < file

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# SMTP and Slack are optional: without a name in the settings there is no secret.
NAMES=()
for name in "$HUBSPOT_API_SECRET_NAME" "$SMTP_URL_SECRET_NAME" "$SLACK_WEBHOOK_URL_SECRET_NAME"; do
  [[ -z "$name" ]] || NAMES+=("$name")
done

add_value() { # secret
  if [[ -t 0 ]]; then
    read -r -s -p "Value for $1 (not shown): " value && echo >&2
  else
    # A trailing line break would become part of the token.
    value="$(tr -d '\r\n')"
  fi
  [[ -n "${value:-}" ]] || { echo "no value on standard input" >&2 && exit 2; }
  gc secrets versions add "$1" --data-file=- --format='value(name)' < <(printf '%s' "$value")
}

if [[ ${#ARGUMENTS[@]} -gt 0 ]]; then
  case "${ARGUMENTS[0]}" in
    hubspot-token) add_value "$HUBSPOT_API_SECRET_NAME" ;;
    smtp-url) add_value "${SMTP_URL_SECRET_NAME:?is not set}" ;;
    slack-webhook) add_value "${SLACK_WEBHOOK_URL_SECRET_NAME:?is not set}" ;;
    *) echo "hubspot-token, smtp-url or slack-webhook, not ${ARGUMENTS[0]}" >&2 && exit 2 ;;
  esac
  exit
fi

for name in "${NAMES[@]}"; do
  if has_gc secrets describe "$name"; then
    say "secret $name exists"
  else
    gc secrets create "$name" --replication-policy=user-managed --locations="$REGION"
  fi
  gc secrets add-iam-policy-binding "$name" --member="serviceAccount:$RUNNER" \
    --role=roles/secretmanager.secretAccessor --condition=None --format=none
done

for name in "${NAMES[@]}"; do
  version="$(value_of placeholder gcloud secrets versions list "$name" --project="$PROJECT" \
    --filter=state=ENABLED --limit=1 --format='value(name)')"
  if [[ -z "$version" ]]; then
    case "$name" in
      "$HUBSPOT_API_SECRET_NAME") say "$name has no value yet: deploy/04_secrets.sh hubspot-token < file" ;;
      "$SMTP_URL_SECRET_NAME") say "$name has no value yet: deploy/04_secrets.sh smtp-url < file" ;;
      *) say "$name has no value yet: deploy/04_secrets.sh slack-webhook < file" ;;
    esac
  fi
done
