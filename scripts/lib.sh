# lib.sh - one private instance of Gatepost in a directory: for quickstart,
# stop and the tests.  Source it; set `dir`, then call paths.
#
# What must stay true: a process is signalled only after its pid file and its
# command line both said that it is this instance's.  Waits have deadlines.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
quiet=${quiet:-no} build=${build-}

say() {
	[ "$quiet" = yes ] || printf '%s\n' "$*"
}

warn() {
	printf '%s\n' "$*" >&2
}

# The caller said something wrong: no more than that to tell.
wrong() {
	trap - EXIT
	warn "$*"
	exit 2
}

# --- times -------------------------------------------------------------------
now_ms() {
	local t=${EPOCHREALTIME/[.,]/}
	echo $((t / 1000))
}

# Try a command until it succeeds: seconds, what it is, command...
until_ok() {
	local end=$(($(now_ms) + $1 * 1000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_ms)" -gt "$end" ]; then
			warn "$what: not within its time"
			return 1
		fi
		sleep 0.05
	done
}

# --- where things are -----------------------------------------------------------
# A unix socket's path ends at 107 bytes; the longest of ours is about 30 long.
paths() {
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	case $dir in
	*[!A-Za-z0-9/._@%+=:,-]*)
		wrong "the path of --dir has a character that some configuration file gives a meaning: $dir" ;;
	esac
	log=$dir/log
	[ "$(umask)" = 0077 ] || umask 077
	mkdir -p "$log" "$dir/tls" "$dir/nginx" "$dir/sandbox"
	if [ -L "$dir/run" ]; then
		run=$(readlink "$dir/run")
		mkdir -p "$run"
	elif [ $((${#dir} + 4)) -le 70 ]; then
		run=$dir/run
		mkdir -p "$run"
	else
		run=$(mktemp -d /tmp/gatepost-XXXXXX)
		ln -s "$run" "$dir/run"
	fi
	[ -O "$run" ] || { warn "$run belongs to someone else"; exit 1; }
	mkdir -p "$run/bell" "$run/wait"
	chmod 0711 "$dir" "$run"
}

# --- values that outlive a run (ports, passwords): DIR/values, 0600 -----------------
value() {	# NAME [default command...]: print it, making it the first time
	local name=$1 found='' line
	shift
	[ -e "$dir/values" ] || value_set MADE "$(date -u +%FT%TZ)"
	while IFS= read -r line; do
		[[ $line != "$name="* ]] || found=${line#*=}
	done <"$dir/values"
	if [ -z "$found" ] && [ $# -gt 0 ]; then
		found=$("$@")
		value_set "$name" "$found"
	fi
	printf '%s' "$found"
}

value_set() {
	local name=$1 line

	[ -e "$dir/values" ] || (umask 077 && : >"$dir/values")
	(
		umask 077
		while IFS= read -r line; do
			[[ $line == "$name="* ]] || printf '%s\n' "$line"
		done <"$dir/values"
		printf '%s=%s\n' "$name" "$2"
	) >"$dir/values.new"
	chmod 0600 "$dir/values.new"
	mv "$dir/values.new" "$dir/values"
}

secret() {	# bytes
	openssl rand -hex "$1"
}

port_taken() {	# anyone listening on 127.0.0.1:PORT?
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Below those that the kernel gives to outgoing connections: one of these may
# take a port between the choice and its use.
free_port() {	# [port]: that one, or else any
	local port=${1:-$((21000 + RANDOM % 7900))}

	while port_taken "$port"; do
		port=$((21000 + RANDOM % 7900))
	done
	echo "$port"
}

# --- processes --------------------------------------------------------------------
pid_of() {	# name: print the pid when it lives and is ours
	local pid

	[ -r "$run/$1.pid" ] || return 1
	read -r pid _ <"$run/$1.pid" || [ -n "$pid" ] || return 1
	case $pid in ''|*[!0-9]*) return 1 ;; esac
	[ -r "/proc/$pid/cmdline" ] || return 1
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -e "$dir/" -e "$run/" || return 1
	! gone "$pid" || return 1
	echo "$pid"
}

# Start a program with a clean environment (ours would win over its file).
# name, command...   Its output goes to DIR/log/name.log.
launch() {
	local name=$1 clean=(env -i "PATH=$PATH" "HOME=${HOME:-/}" LANG=C.UTF-8 TZ=UTC)
	shift
	printf '%q ' "$@" >"$run/$name.cmd"
	echo >>"$run/$name.cmd"
	setsid "${clean[@]}" "$@" >>"$log/$name.log" 2>&1 </dev/null 8>&- 9>&- &
	echo "$!" >"$run/$name.pid"
	disown
}

# What a running process was made of; differing, it is out of date.
stamp() {	# files and words...
	local x
	for x; do
		if [ -f "$x" ]; then
			sha256sum <"$x"
		else
			echo "$x"
		fi
	done | sha256sum | cut -c 1-32
}

fresh() {	# name, stamp: running, and of this stamp?
	pid_of "$1" >/dev/null && [ "$(cat "$run/$1.stamp" 2>/dev/null)" = "$2" ]
}

gone() {	# pid: no such process, or only its zombie
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	case $stat in Z*|X*) return 0 ;; esac
	return 1
}

# End a process of ours: name, seconds it may take, [signal].  0 when it is
# gone; told when it had to be killed.
end_process() {
	local name=$1 seconds=$2 signal=${3:-TERM} pid

	if pid=$(pid_of "$name"); then
		kill -s "$signal" "$pid" 2>/dev/null || :
		if ! until_ok "$seconds" "end of $name ($pid)" gone "$pid"; then
			warn "killing $name ($pid)"
			kill -s KILL "$pid" 2>/dev/null || :
			until_ok 10 "end of $name ($pid)" gone "$pid" || return 1
		fi
	fi
	rm -f "$run/$name.pid" "$run/$name.stamp"
}

alive_or_log() {	# name: for waits; a dead process ends the wait at once
	if ! pid_of "$1" >/dev/null; then
		warn "$1 has ended; the last lines of $log/$1.log:"
		tail -n 15 "$log/$1.log" >&2
		return 1
	fi
}

# --- the database -------------------------------------------------------------------
db_name=gatepost seeded=no

sql() {	# as the database's root, statements on standard input or after -e
	mariadb --no-defaults --protocol=socket --socket="$run/db.sock" --user="$(id -un)" \
	    --batch --skip-column-names --default-character-set=utf8mb4 "$@"
}

db_start() {
	local me command

	me=$(id -un)
	mkdir -p "$dir/db-tmp"
	if ! [ -d "$dir/db/mysql" ] && [ -n "${TEST_DB_SEED-}" ]; then
		db_copy "$TEST_DB_SEED"
	elif ! [ -d "$dir/db/mysql" ]; then
		say "  making the database in $dir/db"
		rm -rf "$dir/db.new"
		# Two that share a directory for temporary tables delete each other's.
		if ! mariadb-install-db --no-defaults --user="$me" --datadir="$dir/db.new" --skip-test-db \
		    --tmpdir="$dir/db-tmp" \
		    --auth-root-authentication-method=socket --auth-root-socket-user="$me" \
		    >"$log/db-install.log" 2>&1; then
			tail -n 20 "$log/db-install.log" >&2
			return 1
		fi
		mv "$dir/db.new" "$dir/db"
	fi
	command=(mariadbd --no-defaults --user="$me" --datadir="$dir/db" --tmpdir="$dir/db-tmp"
	    --socket="$run/db.sock" --pid-file="$run/db.pid" --log-error="$log/db.log"
	    --skip-networking --skip-name-resolve --skip-log-bin --local-infile=0
	    --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci
	    --default-time-zone=+00:00 --transaction-isolation=READ-COMMITTED
	    --innodb-flush-log-at-trx-commit=1 --innodb-log-file-size=128M
	    --innodb-buffer-pool-size="${GATEPOST_DB_BUFFER:-128M}"
	    --performance-schema=OFF --max-connections=300 --event-scheduler=ON)
	local want
	want=$(stamp "${command[@]}")
	if ! fresh db "$want"; then
		end_process db 60 || return 1
		launch db "$(command -v mariadbd || echo /usr/sbin/mariadbd)" "${command[@]:1}"
		if ! until_ok 60 "the database" db_answers; then
			alive_or_log db || :
			tail -n 15 "$log/db.log" >&2
			return 1
		fi
		echo "$want" >"$run/db.stamp"
	fi
}

# Begin with copies of what tests/lib/db-seed made.
db_copy() {	# directory
	local name

	rm -rf "$dir/db.new"
	cp -R --sparse=always "$1/db" "$dir/db.new"
	for name in DB_API_PASSWORD DB_LIVE_PASSWORD DB_WORKER_PASSWORD DB_CTL_PASSWORD; do
		value_set "$name" "$(sed -n "s/^$name=//p" "$1/values")"
	done
	mv "$dir/db.new" "$dir/db"
	seeded=yes
	# Their making takes as long as the copy.
	cp -R "$1/api-docs" "$1/tls" "$dir/"
}

# All that users.sql, the migrations and grants.sql do; a copy just made of a
# seed has had it.
db_schema() {
	[ "$seeded" = no ] || return 0
	db_script "$top/sql/users.sql" && ctl migrate && db_script "$top/sql/grants.sql"
}

db_answers() {
	sql -e 'SELECT 1'
}

# sql/users.sql before the migrations, sql/grants.sql after them.
db_script() {	# file
	local text

	text=$(cat "$1")
	text=${text//@DB@/"$db_name"}
	text=${text//@AUTH_API@/"BY '$(value DB_API_PASSWORD secret 24)'"}
	text=${text//@AUTH_LIVE@/"BY '$(value DB_LIVE_PASSWORD secret 24)'"}
	text=${text//@AUTH_WORKER@/"BY '$(value DB_WORKER_PASSWORD secret 24)'"}
	text=${text//@AUTH_CTL@/"BY '$(value DB_CTL_PASSWORD secret 24)'"}
	sql <<<"$text"
}

# --- TLS: one test CA, and a certificate for everything on this machine ----------------
tls_make() {
	local t=$dir/tls

	if ! openssl x509 -in "$t/ca.crt" -noout -checkend 2592000 >/dev/null 2>&1; then
		rm -f "$t/tls.crt"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha256 -nodes -days 3650 \
		    -keyout "$t/ca.key" -out "$t/ca.crt" -subj "/CN=Gatepost test CA $(secret 4)" \
		    -addext basicConstraints=critical,CA:true,pathlen:0 \
		    -addext keyUsage=critical,keyCertSign,cRLSign >/dev/null 2>&1
	fi
	if ! openssl x509 -in "$t/tls.crt" -noout -checkend 604800 >/dev/null 2>&1; then
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -keyout "$t/tls.key" -out "$t/tls.csr" -subj /CN=localhost >/dev/null 2>&1
		openssl x509 -req -in "$t/tls.csr" -CA "$t/ca.crt" -CAkey "$t/ca.key" -sha256 -days 390 \
		    -set_serial "0x$(secret 16)" -out "$t/tls.crt.new" -extfile - >/dev/null 2>&1 <<-'EOF'
			basicConstraints=critical,CA:false
			keyUsage=critical,digitalSignature
			extendedKeyUsage=serverAuth
			subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
		EOF
		mv "$t/tls.crt.new" "$t/tls.crt"
		rm -f "$t/tls.csr"
	fi
	# What our programs trust besides the system's: this CA and the caller's.
	cat "$t/ca.crt" ${GATEPOST_EGRESS_CA:+"$GATEPOST_EGRESS_CA"} >"$t/egress-ca.pem"
}

# --- the sandbox -----------------------------------------------------------------------
sandbox_ports=(http kavenegar push smtp smtps autopush expo oidc facebook whatsapp twilio site)

sandbox_start() {
	local want p args=() port

	want=$(stamp "$top"/tests/sandbox/*.js "$top"/tests/sandbox/lib/*.js "$dir/tls/tls.crt")
	if ! fresh sandbox "$want"; then
		end_process sandbox 10 || return 1
		for p in "${sandbox_ports[@]}"; do
			# The same ports as last time: stored subscriptions name them.
			port=$(value "SANDBOX_${p^^}")
			if [ -n "$port" ] && port_taken "$port"; then
				port=0
			fi
			args+=("--$p-port" "${port:-0}")
		done
		rm -f "$run/sandbox.ready"
		local command=("$(command -v node)" "$top/tests/sandbox/sandbox.js"
		    --tls-cert "$dir/tls/tls.crt" --tls-key "$dir/tls/tls.key" --ca "$dir/tls/ca.crt"
		    --state "$dir/sandbox" --ready-file "$run/sandbox.ready")
		launch sandbox "${command[@]}" "${args[@]}"
		if ! until_ok 20 "the sandbox" test -s "$run/sandbox.ready"; then
			alive_or_log sandbox || :
			return 1
		fi
		for p in "${sandbox_ports[@]}"; do
			port=$(jq -r ".$p" <"$run/sandbox.ready")
			value_set "SANDBOX_${p^^}" "$port"
			command+=("--$p-port" "$port")
		done
		# Whoever starts it again does so on the same ports.
		printf '%q ' "${command[@]}" >"$run/sandbox.cmd"
		echo "$want" >"$run/sandbox.stamp"
	fi
	sandbox_url=http://127.0.0.1:$(value SANDBOX_HTTP)
}

# --- configuration ------------------------------------------------------------------------
declare -A conf

conf_defaults() {
	local p allow=''

	for p in push kavenegar smtp smtps oidc facebook whatsapp twilio; do
		allow+=,localhost:$(value "SANDBOX_${p^^}")
		allow+=,127.0.0.1:$(value "SANDBOX_${p^^}")
	done
	conf=(
	    [GATEPOST_PUBLIC_URL]=https://localhost:$port
	    [GATEPOST_RUN_DIR]=$run
	    [GATEPOST_KEY_DIR]=$dir/keys
	    [GATEPOST_SQL_DIR]=$top/sql
	    [GATEPOST_WWW_DIR]=$top/nginx/html
	    [GATEPOST_DB_SOCKET]=$run/db.sock
	    [GATEPOST_DB_NAME]=$db_name
	    [GATEPOST_DB_API_PASSWORD]=$(value DB_API_PASSWORD secret 24)
	    [GATEPOST_DB_LIVE_PASSWORD]=$(value DB_LIVE_PASSWORD secret 24)
	    [GATEPOST_DB_WORKER_PASSWORD]=$(value DB_WORKER_PASSWORD secret 24)
	    [GATEPOST_DB_CTL_PASSWORD]=$(value DB_CTL_PASSWORD secret 24)
	    [GATEPOST_LIMITS_LOOPBACK]=no
	    [GATEPOST_SITES]=127.0.0.1:$(value OTHER_SITE_PORT)
	    [GATEPOST_CORS_ORIGINS]=https://localhost:$(value SITE_PORT),https://127.0.0.1:$(value OTHER_SITE_PORT)
	    [GATEPOST_CSRF_ORIGINS]=https://localhost:$(value SITE_PORT)
	    [KAVENEGAR_API_KEY]=sandbox-kavenegar-key
	    [GATEPOST_KAVENEGAR_URL]=https://localhost:$(value SANDBOX_KAVENEGAR)
	    [GATEPOST_EXPO_URL]=https://localhost:$(value SANDBOX_EXPO)
	    [GATEPOST_KAVENEGAR_SECRET]=$(value KAVENEGAR_CALLBACK_SECRET secret 24)
	    [WHATSAPP_API_URL]=https://localhost:$(value SANDBOX_WHATSAPP)
	    [WHATSAPP_PHONE_NUMBER_ID]=106540352242922
	    [WHATSAPP_ACCESS_TOKEN]=sandbox-whatsapp-token
	    [GATEPOST_WHATSAPP_APP_SECRET]=sandbox-whatsapp-secret
	    [GATEPOST_WHATSAPP_VERIFY_TOKEN]=sandbox-whatsapp-verify
	    [GATEPOST_WHATSAPP_CODE_TEMPLATE]=otp_copy
	    [GATEPOST_WHATSAPP_CODE_LANGUAGES]=en_US,fa
	    [GATEPOST_TWILIO_URL]=https://localhost:$(value SANDBOX_TWILIO)
	    [TWILIO_AUTH_TOKEN]=sandbox-twilio-token
	    [EMAIL_HOST]=localhost
	    [EMAIL_PORT]=$(value SANDBOX_SMTP)
	    [GATEPOST_SMTP_TLS]=starttls
	    [EMAIL_HOST_USER]=sandbox
	    [EMAIL_HOST_PASSWORD]=sandbox-smtp-password
	    [DEFAULT_FROM_EMAIL]='Gatepost <no-reply@gatepost.example>'
	    [GATEPOST_OIDC1_NAME]=sandbox
	    [GATEPOST_OIDC1_LABEL]=Sandbox
	    [GATEPOST_OIDC1_ISSUER]=https://localhost:$(value SANDBOX_OIDC)
	    [GATEPOST_OIDC1_CLIENT_ID]=sandbox-client
	    [GATEPOST_OIDC1_CLIENT_SECRET]=sandbox-oidc-secret
	    [GATEPOST_GOOGLE_ISSUER]=https://localhost:$(value SANDBOX_OIDC)
	    [GOOGLE_CLIENT_ID]=sandbox-client
	    [GOOGLE_CLIENT_SECRET]=sandbox-oidc-secret
	    [FACEBOOK_APP_ID]=138483919580948
	    [FACEBOOK_APP_SECRET]=sandbox-facebook-secret
	    [GATEPOST_FACEBOOK_URL]=https://localhost:$(value SANDBOX_FACEBOOK)
	    [GATEPOST_FACEBOOK_GRAPH_URL]=https://localhost:$(value SANDBOX_FACEBOOK)
	    [VAPID_SUBJECT]=mailto:admin@gatepost.example
	    [GATEPOST_EGRESS_ALLOW]=${allow#,}${GATEPOST_EGRESS_ALLOW:+,$GATEPOST_EGRESS_ALLOW}
	    [GATEPOST_EGRESS_CA]=$dir/tls/egress-ca.pem
	)
}

conf_write() {
	local key line

	# `quickstart --set` of this run and of earlier ones.
	while IFS= read -r line; do
		[ -z "$line" ] || conf[${line%%=*}]=${line#*=}
	done < <(cat "$dir/override.env" 2>/dev/null)
	{
		echo "# Written by scripts/quickstart; change a value with --set KEY=VALUE."
		for key in "${!conf[@]}"; do
			printf '%s="%s"\n' "$key" "${conf[$key]}"
		done | LC_ALL=C sort
	} >"$dir/gatepost.env.new"
	chmod 0600 "$dir/gatepost.env.new"
	mv "$dir/gatepost.env.new" "$dir/gatepost.env"
}

override() {	# KEY=VALUE, kept for later runs too
	case $1 in
	[A-Z]*=*) ;;
	*) wrong "--set wants KEY=VALUE, not $1" ;;
	esac
	{ grep -v "^${1%%=*}=" "$dir/override.env" 2>/dev/null || :; printf '%s\n' "$1"; } >"$dir/override.env.new"
	mv "$dir/override.env.new" "$dir/override.env"
}

# --- our programs ---------------------------------------------------------------------------
clean_env() {
	env -i "PATH=$PATH" "HOME=${HOME:-/}" LANG=C.UTF-8 TZ=UTC "$@"
}

ctl() {
	clean_env "$build/gatepostctl" --config "$dir/gatepost.env" "$@"
}

program_start() {	# name, program, arguments...
	local name=$1 program=$build/$2 want
	shift 2
	want=$(stamp "$program" "$dir/gatepost.env" "$@")
	if ! fresh "$name" "$want"; then
		end_process "$name" 40 || return 1
		launch "$name" "$program" --config "$dir/gatepost.env" "$@"
		echo "$want" >"$run/$name.stamp"
	fi
}

worker_names() {	# how many
	local i

	echo worker
	for ((i = 2; i <= $1; i++)); do
		echo "worker-$i"
	done
}

workers_all() {	# names of every worker that has a pid file
	local f

	for f in "$run"/worker.pid "$run"/worker-*.pid; do
		[ -e "$f" ] || continue
		f=${f##*/}
		echo "${f%.pid}"
	done
}

# --- sites that the gate protects: the sandbox's, on our host name and on another ------
sites_choose() {	# ports that stay, as long as nobody else took them
	local p

	local next=$port
	for p in SITE_PORT OTHER_SITE_PORT; do
		next=$((next + 1))
		if [ -z "$(value $p)" ] || { port_taken "$(value $p)" && ! pid_of nginx >/dev/null; }; then
			value_set $p "$(free_port "$next")"
		fi
	done
	site_url=https://localhost:$(value SITE_PORT)
	other_site_url=https://127.0.0.1:$(value OTHER_SITE_PORT)
}

sites_write() {
	local text

	text=$(cat "$top/nginx/example-site.conf.in")
	text=${text//@PORT@/"$(value SITE_PORT)"}
	text=${text//@OTHER_PORT@/"$(value OTHER_SITE_PORT)"}
	text=${text//@SITE@/"$(value SANDBOX_SITE)"}
	text=${text//@ID@/"https://localhost:$port"}
	text=${text//@TLS@/"$dir/tls/tls"}
	mkdir -p "$dir/nginx/extra.d"
	printf '%s\n' "$text" >"$dir/nginx/extra.d/example-site.conf"
}

# --- nginx ------------------------------------------------------------------------------------
nginx_start() {
	local nginx want pid

	nginx=$(command -v nginx || echo /usr/sbin/nginx)
	# The numbers stay as edited; unedited, they follow the template.
	local limits=$dir/nginx/gatepost-limits.conf
	! cmp -s "$limits" "$limits.orig" || rm -f "$limits"
	"$top/scripts/render-nginx" --private --legacy --out "$dir/nginx" --run "$run" --log "$log" \
	    --www "$top/nginx/html" --docs "$dir/api-docs" --listen "127.0.0.1:$port" \
	    --cert "$dir/tls/tls.crt" --key "$dir/tls/tls.key" --sandbox "$sandbox_url" \
	    --geoip "${GATEPOST_NGINX_GEOIP-}" || return 1
	sites_write
	if cmp -s "$limits" "$top/nginx/gatepost-limits.conf"; then
		cp "$limits" "$limits.orig"
	fi
	want=$(stamp "$nginx" "$dir"/nginx/*.conf "$dir"/nginx/snippets/*.conf "$dir"/nginx/extra.d/*.conf \
	    "$dir/tls/tls.crt")
	fresh nginx "$want" && return 0
	if ! "$nginx" -t -q -p "$dir/nginx" -c nginx.conf 2>"$log/nginx-test.log"; then
		cat "$log/nginx-test.log" >&2
		return 1
	fi
	if pid=$(pid_of nginx) && [ "$(value NGINX_PORT)" = "$port" ]; then
		kill -s HUP "$pid"
	else
		end_process nginx 20 QUIT || return 1
		printf '%q ' "$nginx" -p "$dir/nginx" -c nginx.conf >"$run/nginx.cmd"
		clean_env "$nginx" -p "$dir/nginx" -c nginx.conf 8>&- 9>&- 2>>"$log/nginx.log" || {
			tail -n 15 "$log/nginx.log" >&2
			return 1
		}
		until_ok 10 "nginx" pid_of nginx || return 1
		value_set NGINX_PORT "$port"
	fi
	echo "$want" >"$run/nginx.stamp"
}

# Everything down, in the order that loses nothing: no new requests, then
# what is being answered, then what is being sent, then the rows.
all_down() {	# [signal for the database]
	local name rc=0

	end_process nginx 20 QUIT || rc=1
	end_process live 40 || rc=1
	end_process api 40 || rc=1
	for name in $(workers_all); do
		end_process "$name" 40 || rc=1
	done
	end_process sandbox 10 || rc=1
	end_process db 90 "${1:-TERM}" || rc=1
	return $rc
}
