kubectl apply -f @file@
