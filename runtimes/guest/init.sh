#!/bin/busybox sh
# Process 1 of a microVM until the root file system is there: loads the modules beside it in the order of their list, mounts
# the first drive read-only and hands over to the agent. What fails ends the machine (panic=-1), and the console says why.
export PATH=/bin
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
while read -r module; do
  /bin/busybox insmod "/modules/$module.ko" || echo "coldframe: $module does not load"
done < /modules/order
# Drives appear when their driver has been loaded, a moment later.
tries=0
while [ ! -b /dev/vda ]; do
  tries=$((tries + 1))
  [ "$tries" -gt 500 ] && { echo "coldframe: no root drive"; exit 1; }
  /bin/busybox usleep 10000
done
/bin/busybox mount -t squashfs -o ro,nodev,nosuid /dev/vda /root || { echo "coldframe: the root drive cannot be mounted"; exit 1; }
/bin/busybox mount -o move /dev /root/dev
/bin/busybox mount -o move /proc /root/proc
exec /bin/busybox switch_root /root /usr/bin/python3 -I -S -E -B /var/runtime/guest/agent.py
