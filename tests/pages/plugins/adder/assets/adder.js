document.title = "added";
