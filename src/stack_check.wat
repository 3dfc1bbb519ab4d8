(module
  (import "host" "depth" (func $depth))
  (memory 1)
  (func (export "run") (local $left i32)
    (local.set $left (i32.const 50))
    (call $depth)
    (loop $again
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $left)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $depth)))
