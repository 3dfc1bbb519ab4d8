module example.com/go-guard

go 1.24
