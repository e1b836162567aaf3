app_name = "chronic"
urlpatterns = []
