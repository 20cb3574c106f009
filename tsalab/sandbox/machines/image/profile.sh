# Login shells of a sandbox's web server read this in place of the computer's /etc/profile.
. "$TSA_MACHINE/etc/machine"
PATH=$TSA_BIN:$TSA_HOST_PATH
export PATH
become "$TSA_USER"
[ -n "$TSA_NAMESPACE" ] || . "$TSA_MACHINE/etc/redirect"
