# Read by every program of the image, after the facts of its machine.
: "${TSA_USER:=ec2-user}"

# Take another user's name and home.
become() {
    TSA_USER=$1 USER=$1 LOGNAME=$1
    case $1 in
    root) HOME=$TSA_MACHINE/root PS1="[root@$TSA_HOSTNAME \\W]# " ;;
    *) HOME=$TSA_MACHINE/home/$1 PS1="[$1@$TSA_HOSTNAME \\W]\$ " ;;
    esac
    export TSA_USER USER LOGNAME HOME PS1
}

# Where a name and port of the sandbox's network really are: "host:port", or nothing.
route() {
    name=$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]')
    case $name in *[!a-z0-9._-]*) return ;; esac
    sed -n "s/^ *\"$name:$2\": \"\\(.*\\)\",\\{0,1\\}\$/\\1/p" "$TSA_MACHINE/etc/routes.json" "$TSA_ROUTES" | head -n 1
}
