// A small disk of its own for one SQLite file, which can be full or turn read-only under a running server.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const SIZE = "64M";
const quietly = (program, ...args) => execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

/** Absent where this machine lets nobody mount: then the file lies in a plain folder. */
export function makeDisk(folder) {
  const [image, place] = [path.join(folder, "disk.img"), path.join(folder, "disk")];
  fs.mkdirSync(place);
  const mount = () => quietly("mount", "-o", "loop,errors=remount-ro", image, place);
  try {
    quietly("truncate", "-s", SIZE, image);
    quietly("mkfs.ext4", "-q", "-F", "-m", "0", image);
    mount();
  } catch { return { place, isReal: false, stop() {} }; }
  const ballast = path.join(place, "ballast");
  return {
    place,
    isReal: true,
    /** Takes all room but so many bytes. */
    fill(left = 0) {
      const { bavail, bsize } = fs.statfsSync(place);
      try { quietly("fallocate", "-l", String(Math.max(bavail * bsize - left, bsize)), ballast); } catch { /* It is as full as can be. */ }
      if (left === 0) try { fs.writeFileSync(path.join(place, "rest"), Buffer.alloc(1 << 20)); } catch { /* So it is. */ }
    },
    free() { for (const name of ["ballast", "rest"]) fs.rmSync(path.join(place, name), { force: true }); },
    /** As the kernel does when a disk fails: nothing can be written from now on. */
    turnReadOnly() {
      const device = quietly("findmnt", "-n", "-o", "SOURCE", place).trim();
      fs.writeFileSync(`/sys/fs/ext4/${path.basename(device)}/trigger_fs_error`, "1");
    },
    /** Nobody may have a file open. */
    repair() {
      quietly("umount", place);
      // 1: errors were corrected.
      try { quietly("e2fsck", "-fy", image); } catch (error) { if (error.status > 1) throw error; }
      mount();
    },
    stop() { try { quietly("umount", place); } catch { quietly("umount", "-l", place); } },
  };
}
