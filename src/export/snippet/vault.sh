vault secrets enable pki
vault write pki/config/ca pem_bundle=@at@@file@
